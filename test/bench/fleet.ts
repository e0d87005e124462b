import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../parts/cluster.ts';
import type { Machine } from './aws-service.ts';

const createdAtOnce = 20;
const merge = 'application/strategic-merge-patch+json';
const zones = ['a', 'b', 'c'];

/** A big cluster. Each kubelet reports every 5 minutes where nothing changes. */
export const bigFleet = { count: 5000, bytesPerNode: 12_000, beatsPerSecond: 17 };

export interface FleetOptions {
  readonly count: number;
  /** Of the JSON of each Node object, nearly all of it the images that its kubelet has pulled. */
  readonly bytesPerNode: number;
}

/** Many Node objects as EKS has them, with kubelets that only report that they live. */
export class Fleet {
  readonly machines: readonly Machine[];
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster, machines: readonly Machine[]) {
    this.#cluster = cluster;
    this.machines = machines;
  }

  static async create(cluster: Cluster, { count, bytesPerNode }: FleetOptions): Promise<Fleet> {
    const machines = Array.from({ length: count }, (_, number) => machine(number));
    const left = machines.keys();
    const createNext = async (): Promise<void> => {
      for (const number of left) {
        await cluster.api('POST', '/api/v1/nodes', nodeObject(number, bytesPerNode));
      }
    };
    await Promise.all(Array.from({ length: createdAtOnce }, createNext));
    return new Fleet(cluster, machines);
  }

  /** What the API server makes of a Node object: it adds who wrote what. */
  async bytesOfOne(): Promise<number> {
    return JSON.stringify(await this.#cluster.api('GET', `/api/v1/nodes/${this.machines[0]?.name ?? ''}`))
      .length;
  }

  /** Each kubelet in its turn says that nothing has changed, so many of them in a second. */
  async beat(perSecond: number, signal: AbortSignal): Promise<number> {
    const startedAt = performance.now();
    for (let beats = 0; ; beats += 1) {
      const { name } = this.machines[beats % this.machines.length] ?? machine(0);
      await this.#beat(name);
      const aheadMs = (beats / perSecond) * 1000 - (performance.now() - startedAt);
      if (aheadMs > 0) await sleep(aheadMs);
      if (signal.aborted) return beats;
    }
  }

  async #beat(name: string): Promise<void> {
    const conditions = [condition('Ready', 'True'), condition('MemoryPressure', 'False')];
    await this.#cluster.api('PATCH', `/api/v1/nodes/${name}/status`, { status: { conditions } }, merge);
  }
}

function condition(type: string, status: string) {
  const lastHeartbeatTime = new Date().toISOString();
  return {
    type,
    status,
    reason: `Kubelet${type}`,
    message: 'kubelet is posting ready status',
    lastHeartbeatTime,
  };
}

function machine(number: number): Machine {
  return {
    instanceId: `i-${number.toString(16).padStart(17, '0')}`,
    name: `ip-10-${number >> 16}-${(number >> 8) & 255}-${number & 255}.eu-central-1.compute.internal`,
  };
}

function nodeObject(number: number, bytes: number) {
  const { instanceId, name } = machine(number);
  const zone = `eu-central-1${zones[number % zones.length]}`;
  const node = {
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'beta.kubernetes.io/instance-type': 'm7i.2xlarge',
        'eks.amazonaws.com/capacityType': 'SPOT',
        'eks.amazonaws.com/nodegroup': 'workers',
        'eks.amazonaws.com/nodegroup-image': 'ami-0123456789abcdef0',
        'failure-domain.beta.kubernetes.io/region': 'eu-central-1',
        'failure-domain.beta.kubernetes.io/zone': zone,
        'k8s.io/cloud-provider-aws': '3f7c8f4d3e5b0b8f9a1c2d3e4f5a6b7c',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'node.kubernetes.io/instance-type': 'm7i.2xlarge',
        'topology.ebs.csi.aws.com/zone': zone,
        'topology.kubernetes.io/region': 'eu-central-1',
        'topology.kubernetes.io/zone': zone,
      },
      annotations: {
        'alpha.kubernetes.io/provided-node-ip': '10.0.0.1',
        'csi.volume.kubernetes.io/nodeid': `{"ebs.csi.aws.com":"${instanceId}"}`,
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
      },
    },
    spec: { providerID: `aws:///${zone}/${instanceId}` },
    status: {
      capacity: { cpu: '8', memory: '32Gi', pods: '58', 'ephemeral-storage': '100Gi' },
      addresses: [
        { type: 'InternalIP', address: `10.0.${(number >> 8) & 255}.${number & 255}` },
        { type: 'Hostname', address: name },
      ],
      conditions: [condition('Ready', 'True'), condition('MemoryPressure', 'False')],
      nodeInfo: {
        architecture: 'amd64',
        containerRuntimeVersion: 'containerd://2.1.4',
        kernelVersion: '6.12.40',
        kubeletVersion: 'v1.36.3',
        osImage: 'Amazon Linux 2023',
        operatingSystem: 'linux',
        machineID: instanceId,
        systemUUID: instanceId,
        bootID: instanceId,
        kubeProxyVersion: '',
      },
      images: [] as object[],
    },
  };
  for (let left = bytes - JSON.stringify(node).length, image = 0; left > 0; image += 1) {
    const repository = `602401143452.dkr.ecr.eu-central-1.amazonaws.com/team-${image}/service`;
    const names = [`${repository}@sha256:${'0123456789abcdef'.repeat(4)}`, `${repository}:v1.${image}.0`];
    const entry = { names, sizeBytes: 50_000_000 + image };
    node.status.images.push(entry);
    left -= JSON.stringify(entry).length + 1;
  }
  return node;
}
