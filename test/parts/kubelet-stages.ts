/** How the made-up kubelet treats one pod, told by the pod's annotations. */
export interface KubeletBehaviour {
  /** Pending for this long; 'never' leaves it Pending. @default 0 */
  startsAfterSeconds?: number | 'never';
  /** Running but not Ready for this long after its start. @default 0 */
  readyAfterSeconds?: number | 'never';
  /**
   * How long the containers take to end once the pod was asked to go (plus up to 1 s, the precision of a
   * deletionTimestamp); its grace period caps it. 'never': the kubelet is dead, the pod stays until someone
   * deletes it with a grace of 0.
   * @default 0
   */
  endsAfterSeconds?: number | 'never';
}

const STARTS_AFTER = 'kubelet.parts/starts-after-seconds';
const READY_AFTER = 'kubelet.parts/ready-after-seconds';
const ENDS_AFTER = 'kubelet.parts/ends-after-seconds';

/** The annotations that tell the made-up kubelet so. */
export function kubeletAnnotations(behaviour: KubeletBehaviour): Record<string, string> {
  const values = Object.entries({
    [STARTS_AFTER]: behaviour.startsAfterSeconds,
    [READY_AFTER]: behaviour.readyAfterSeconds,
    [ENDS_AFTER]: behaviour.endsAfterSeconds,
  });
  return Object.fromEntries(
    values.flatMap(([key, value]) => (value === undefined ? [] : [[key, `${value}`]])),
  );
}

/** jq expressions over a pod: kwok reads its selectors and delays from these. */
const told = (annotation: string): string => `.metadata.annotations["${annotation}"]`;
const IS_STAYING = '.metadata.deletionTimestamp == null';
const IS_READY = '([.status.conditions[]? | select(.type == "Ready") | .status] == ["True"])';
const STARTS = `${IS_STAYING} and .status.phase == "Pending" and ${told(STARTS_AFTER)} != "never"`;
const secondsOf = (annotation: string): string => `(${told(annotation)} // "0") + "s"`;
/**
 * Counted from when the pod was asked, so that a change to the pod in the meantime does not begin it anew. A pod with
 * a grace of 0 is being deleted already: deleting it once more, by name, at once would hit a successor of that name;
 * but should the API server die between the two writes, its kubelet has to.
 */
const UNTIL_ITS_END = `
  .metadata.deletionGracePeriodSeconds as $grace
  | ((.metadata.deletionTimestamp | fromdateiso8601) - $grace) as $asked
  | ([((${told(ENDS_AFTER)} // "0") | tonumber), $grace] | min) as $takes
  | if $grace == 0 then "2s" elif $takes == 0 then "0s" else "\\($asked + $takes + 1 - now)s" end`;

/**
 * kwok's configuration: YAML documents, of which JSON is a form. Unlike kwok's own stages these let the pods of
 * Jobs run on, keep finalizers, and let a pod's start and end take time.
 */
export function kubeletConfiguration(): string {
  const stages = [
    stage('start-ready', `${STARTS} and ${told(READY_AFTER)} == null`, secondsOf(STARTS_AFTER), {
      statusTemplate: runningStatus('True'),
    }),
    stage('start-unready', `${STARTS} and ${told(READY_AFTER)} != null`, secondsOf(STARTS_AFTER), {
      statusTemplate: runningStatus('False'),
    }),
    stage(
      'get-ready',
      `${IS_STAYING} and .status.phase == "Running" and (${told(READY_AFTER)} // "never") != "never" and (${IS_READY} | not)`,
      secondsOf(READY_AFTER),
      { statusTemplate: runningStatus('True') },
    ),
    stage('end', `(${IS_STAYING} | not) and ${told(ENDS_AFTER)} != "never"`, UNTIL_ITS_END, { delete: true }),
  ];
  return stages.map((one) => `---\n${JSON.stringify(one)}\n`).join('');
}

function stage(name: string, condition: string, delay: string, next: object): object {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind: 'Pod' },
      selector: { matchExpressions: [{ key: condition, operator: 'In', values: ['true'] }] },
      delay: { durationFrom: { expressionFrom: delay } },
      next,
    },
  };
}

/** A Go template that gives YAML. */
function runningStatus(ready: 'True' | 'False'): string {
  return `
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
conditions:
- { type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }} }
- { type: Ready, status: "${ready}", lastTransitionTime: {{ $now | Quote }} }
- { type: ContainersReady, status: "${ready}", lastTransitionTime: {{ $now | Quote }} }
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: ${ready === 'True'}
  restartCount: 0
  state:
    running:
      startedAt: {{ $now | Quote }}
{{ end }}
`;
}
