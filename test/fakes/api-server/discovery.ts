import type { Answer } from '../http-listener.ts';
import { noSuchResource, pageNotFound } from './errors.ts';
import { resourceTypes, type ResourceType } from './resources.ts';

const verbsOfStatus = ['get', 'patch', 'update'];

/** Answers the paths that aren't resources: discovery, health and the version. */
export function discover(path: string, policyVersions: readonly string[]): Answer {
  const versionsOf = ({ group, versions }: ResourceType) => (group === 'policy' ? policyVersions : versions);
  const groups = [...new Set(resourceTypes.map(({ group }) => group))].filter((group) => group !== '');
  const describe = (name: string) => {
    const type = resourceTypes.find(({ group }) => group === name);
    const versions = (type === undefined ? [] : versionsOf(type)).map((version) => ({
      groupVersion: `${name}/${version}`,
      version,
    }));
    return { name, versions, preferredVersion: versions[0] };
  };
  const [root, group, version] = path.split('/').filter((part) => part !== '');
  if (root === 'livez' || root === 'readyz' || root === 'healthz') return text('ok');
  if (path === '/version') return { code: 200, body: { major: '1', minor: '36', gitVersion: 'v1.36.3' } };
  if (path === '/api') return { code: 200, body: { kind: 'APIVersions', versions: ['v1'] } };
  if (root === 'api' && group === 'v1') {
    if (version !== undefined) throw noSuchResource();
    return resourceList('v1', '', 'v1', policyVersions);
  }
  if (root !== 'apis') return pageNotFound;
  const list = { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(describe) };
  if (group === undefined) return { code: 200, body: list };
  const found = groups.includes(group) ? describe(group) : undefined;
  if (found === undefined) return pageNotFound;
  if (version === undefined) return { code: 200, body: { kind: 'APIGroup', apiVersion: 'v1', ...found } };
  const served = found.versions.find(({ groupVersion }) => path === `/apis/${groupVersion}`);
  if (served === undefined) throw noSuchResource();
  return resourceList(served.groupVersion, group, version, policyVersions);
}

function resourceList(
  groupVersion: string,
  group: string,
  version: string,
  policyVersions: readonly string[],
): Answer {
  const types = resourceTypes.filter((type) => type.group === group);
  const resources = types.flatMap(({ plural, singular, kind, namespaced, verbs, subresources }) => [
    { name: plural, singularName: singular, namespaced, kind, verbs },
    ...subresources.map((subresource) => {
      const common = { name: `${plural}/${subresource}`, singularName: '', namespaced };
      if (subresource !== 'eviction') return { ...common, kind, verbs: verbsOfStatus };
      return { ...common, group: 'policy', version: policyVersions[0], kind: 'Eviction', verbs: ['create'] };
    }),
  ]);
  return { code: 200, body: { kind: 'APIResourceList', apiVersion: version, groupVersion, resources } };
}

function text(body: string): Answer {
  return { code: 200, body, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
}
