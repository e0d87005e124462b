import { resourceTypes, type ResourceType } from './resources.ts';

export type ReadVerb = 'get' | 'list' | 'watch';
export type WriteVerb = 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** What a request is about, as the API server's own RequestInfo has it. */
export interface ResourceRequest {
  readonly type: ResourceType;
  readonly version: string;
  readonly verb: ReadVerb | WriteVerb;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const writeVerbs: Readonly<Record<string, WriteVerb>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };

/** Undefined for what isn't a resource: discovery, /version, /livez and unknown paths. */
export function resourceRequest(method: string, url: URL): ResourceRequest | undefined {
  const [root, ...rest] = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  if (root !== 'api' && root !== 'apis') return undefined;
  const group = root === 'apis' ? rest.shift() : '';
  const version = rest.shift();
  if (group === undefined || version === undefined) return undefined;
  // The object /api/v1/namespaces/x has the same shape as a collection's namespace.
  const isScoped = rest[0] === 'namespaces' && rest.length > 2;
  const [, namespace] = isScoped ? rest.splice(0, 2) : [];
  const [plural, name, subresource] = rest;
  const type = resourceTypes.find((candidate) => candidate.group === group && candidate.plural === plural);
  if (type === undefined || (isScoped && !type.namespaced)) return undefined;
  return { type, version, verb: verbOf(method, name, url.searchParams), namespace, name, subresource };
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): ReadVerb | WriteVerb {
  const verb = writeVerbs[method];
  if (verb !== undefined) return verb;
  if (method === 'DELETE') return name === undefined ? 'deletecollection' : 'delete';
  if (name !== undefined) return 'get';
  return query.get('watch') === 'true' || query.get('watch') === '1' ? 'watch' : 'list';
}

/** `pods/eviction`, as rules and messages name it. */
export function resourceName({ type, subresource }: ResourceRequest): string {
  return subresource === undefined ? type.plural : `${type.plural}/${subresource}`;
}
