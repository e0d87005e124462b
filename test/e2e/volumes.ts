import type { Cluster } from '../parts/cluster.ts';

const ATTACHMENTS = '/apis/storage.k8s.io/v1/volumeattachments';
const SIZE = { storage: '1Gi' };
const ACCESS_MODES = ['ReadWriteOnce'];
const CLASS = 'made-up';

/** A claim of a StatefulSet's pods, as `volumeClaimTemplates` has it. */
export const claimTemplate = {
  metadata: { name: 'data' },
  spec: { accessModes: ACCESS_MODES, storageClassName: CLASS, resources: { requests: SIZE } },
};

/** Persistent volumes as a storage driver's controllers would make, bind, attach and detach them. */
export class Volumes {
  readonly #cluster: Cluster;
  readonly #namespace: string;

  constructor(options: { readonly namespace: string }, modules: { readonly cluster: Cluster }) {
    this.#namespace = options.namespace;
    this.#cluster = modules.cluster;
  }

  /** A claim with a volume of its own. @returns the name of the volume */
  async bind(claim: string): Promise<string> {
    const volume = `${this.#namespace}-${claim}`;
    const namespace = this.#namespace;
    await this.#cluster.api('POST', '/api/v1/persistentvolumes', {
      metadata: { name: volume },
      spec: {
        accessModes: ACCESS_MODES,
        storageClassName: CLASS,
        capacity: SIZE,
        hostPath: { path: '/made-up' },
        claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name: claim },
      },
    });
    await this.#cluster.api('POST', `/api/v1/namespaces/${namespace}/persistentvolumeclaims`, {
      metadata: { name: claim, annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
      spec: { ...claimTemplate.spec, volumeName: volume },
    });
    return volume;
  }

  async attach(volume: string, nodeName: string): Promise<void> {
    await this.#cluster.api('POST', ATTACHMENTS, {
      metadata: { name: `${volume}-on-${nodeName}` },
      spec: { attacher: 'driver.made-up', nodeName, source: { persistentVolumeName: volume } },
    });
  }

  async detach(volume: string, nodeName: string): Promise<void> {
    await this.#cluster.api('DELETE', `${ATTACHMENTS}/${volume}-on-${nodeName}`);
  }
}
