import type { ApiClient } from './api-client.ts';
import type { KubernetesObject } from './objects.ts';

interface Resource {
  name: string;
  kind: string;
  namespaced: boolean;
}

/** Applies objects of any kind in the given order (server-side), as `kubectl apply` would, and returns them. */
export async function apply(
  client: ApiClient,
  manifests: readonly KubernetesObject[],
): Promise<KubernetesObject[]> {
  const known = new Map<string, Resource[]>();
  const applied: KubernetesObject[] = [];
  for (const manifest of manifests) {
    const { apiVersion = '', metadata } = manifest;
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resources =
      known.get(root) ?? (await client.call<{ resources: Resource[] }>('GET', root)).resources;
    known.set(root, resources);
    const resource = resources.find(({ kind, name }) => kind === manifest.kind && !name.includes('/'));
    if (!resource) throw new Error(`Cannot apply "${manifest.kind}": ${apiVersion} has no such kind`);
    const namespace = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
    const path = `${root}${namespace}/${resource.name}/${metadata.name}?fieldManager=parts&force=true`;
    // Of type YAML, of which JSON is a form.
    applied.push(await client.call('PATCH', path, manifest, 'application/apply-patch+yaml'));
  }
  return applied;
}
