import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { render, type Manifest } from './helm.ts';
import { everythingOfImdsMode, everythingOfQueueMode } from './modes.ts';

/** From which version on there is what, and until when. https://kubernetes.io/docs/reference/using-api/deprecation-guide/ */
const expected = {
  budget: (minor: number) => (minor >= 21 ? 'policy/v1' : 'policy/v1beta1'),
  podSecurityPolicies: (minor: number) => minor < 25,
  admissionPolicies: (minor: number) => minor >= 30,
  seccompField: (minor: number) => minor >= 19,
};
/** In every version from 1.16 to 1.36. */
const lasting = new Set([
  'v1',
  'apps/v1',
  'rbac.authorization.k8s.io/v1',
  'networking.k8s.io/v1',
  'monitoring.coreos.com/v1',
]);
const minors = Array.from({ length: 21 }, (_, index) => index + 16);

suite('the chart renders for Kubernetes', { concurrency: 2 }, () => {
  for (const minor of minors) {
    test(`1.${minor}, with the API versions that it has`, async () => {
      // As managed clusters write it.
      const kubeVersion = `v1.${minor}.9-eks-113cf36`;
      const evictions = expected.admissionPolicies(minor);
      const imds = await render({ ...everythingOfImdsMode, nodeRestriction: { evictions } }, { kubeVersion });
      const queue = await render(everythingOfQueueMode, { kubeVersion });
      for (const [manifests, policies] of [
        [imds, 3],
        [queue, 2],
      ] as const) {
        assert.equal(count(manifests, 'PodSecurityPolicy'), expected.podSecurityPolicies(minor) ? 1 : 0);
        assert.equal(
          count(manifests, 'ValidatingAdmissionPolicy'),
          expected.admissionPolicies(minor) ? policies : 0,
        );
        const text = JSON.stringify(manifests);
        assert.equal(text.includes('seccompProfile'), expected.seccompField(minor));
        assert.equal(
          text.includes('seccomp.security.alpha.kubernetes.io/pod'),
          !expected.seccompField(minor),
        );
        assert.deepEqual(
          manifests.filter(
            ({ apiVersion, kind }) => !lasting.has(apiVersion) && !isOfVersion(kind, apiVersion, minor),
          ),
          [],
        );
      }
      assert.equal(
        queue.find(({ kind }) => kind === 'PodDisruptionBudget')?.apiVersion,
        expected.budget(minor),
      );
    });
  }
});

function isOfVersion(kind: string, apiVersion: string, minor: number): boolean {
  switch (kind) {
    case 'PodDisruptionBudget':
      return apiVersion === expected.budget(minor);
    case 'PodSecurityPolicy':
      return apiVersion === 'policy/v1beta1' && expected.podSecurityPolicies(minor);
    default:
      return apiVersion === 'admissionregistration.k8s.io/v1' && expected.admissionPolicies(minor);
  }
}

function count(manifests: readonly Manifest[], kind: string): number {
  return manifests.filter((manifest) => manifest.kind === kind).length;
}
