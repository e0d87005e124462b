import assert from 'node:assert/strict';
import type { Manifest } from './helm.ts';

export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
  };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env: readonly Variable[];
  readonly command?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly [field: string]: unknown;
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly [Container];
    readonly serviceAccountName: string;
    readonly hostNetwork?: boolean;
    readonly [field: string]: unknown;
  };
}

export interface Workload extends Manifest {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: PodTemplate;
  };
}

export interface ClusterRole extends Manifest {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** The one object of a kind. */
export function only(manifests: readonly Manifest[], kind: string): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind);
  assert.equal(found.length, 1, `one ${kind} in ${manifests.map((it) => it.kind).join(', ')}`);
  return found[0] as Manifest;
}

/** The Deployment, or the only DaemonSet. */
export function workloadOf(manifests: readonly Manifest[]): Workload {
  const found = manifests.filter(({ kind }) => kind === 'DaemonSet' || kind === 'Deployment');
  assert.equal(found.length, 1);
  return found[0] as Workload;
}

export function containerOf(workload: Workload): Container {
  return workload.spec.template.spec.containers[0];
}

/** The daemon's variables that have a plain value. */
export function plainEnvironment(container: Container): Record<string, string> {
  return Object.fromEntries(
    container.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  );
}
