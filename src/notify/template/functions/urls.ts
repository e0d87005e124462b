import { fn, type TemplateFunction } from '../function.ts';
import { GoError } from '../template-error.ts';
import { dict, type GoMap } from '../values.ts';

/** RFC 3986, appendix B. */
const form = /^(?:([A-Za-z][A-Za-z\d+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/su;

/** sprig's functions of URLs. */
export const urlFunctions: Readonly<Record<string, TemplateFunction>> = {
  urlParse: fn(['string'], parsed),
  urlJoin: fn(['map'], joined),
};

function parsed(text: string): GoMap {
  const [, scheme = '', authority, path = '', query = '', fragment = ''] = form.exec(text) ?? [];
  const [segment = ''] = path.split('/');
  if (scheme === '' && authority === undefined && segment.includes(':')) {
    throw new GoError('unable to parse url: first path segment in URL cannot contain colon');
  }
  const [, userinfo = '', host = ''] = /^(?:(.*)@)?(.*)$/su.exec(authority ?? '') ?? [];
  const isOpaque = authority === undefined && scheme !== '' && !path.startsWith('/') && path !== '';
  return dict([
    ['scheme', scheme.toLowerCase()],
    ['host', host],
    ['hostname', host.replace(/:\d*$/u, '').replaceAll(/^\[|\]$/gu, '')],
    ['path', isOpaque ? '' : decoded(path)],
    ['query', query],
    ['opaque', isOpaque ? path : ''],
    ['fragment', decoded(fragment)],
    ['userinfo', userinfo],
  ]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new GoError(`unable to parse url: invalid URL escape in ${JSON.stringify(text)}`, { cause: error });
  }
}

function joined(map: GoMap): string {
  const part = (name: string): string => {
    const value = map.entries.get(name) ?? '';
    if (typeof value !== 'string') throw new GoError(`unable to parse ${name} key, must be of type string`);
    return value;
  };
  const scheme = part('scheme') === '' ? '' : `${part('scheme')}:`;
  const query = part('query') === '' ? '' : `?${part('query')}`;
  const fragment = part('fragment') === '' ? '' : `#${encoded(part('fragment'))}`;
  if (part('opaque') !== '') return scheme + part('opaque') + query + fragment;
  const user = part('userinfo') === '' ? '' : `${part('userinfo')}@`;
  const host = part('host');
  const path = encoded(part('path'));
  const slash = host !== '' && path !== '' && !path.startsWith('/') ? '/' : '';
  const authority =
    scheme !== '' || host !== '' || user !== '' ? (host === '' && user === '' ? '' : '//') : '';
  return `${scheme}${authority}${user}${host}${slash}${path}${query}${fragment}`;
}

function encoded(text: string): string {
  return encodeURI(text).replaceAll(/[?#[\]]/gu, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);
}
