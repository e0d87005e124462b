import { interruptionKinds, type InterruptionKind } from '../interruption/interruption.ts';
import { escalations, type KindPolicy, type Policy, type Response } from '../interruption/policy.ts';
import type { KindPolicySetting } from './interruption-policy.ts';
import type { Settings } from './settings.ts';

/** NTH's options, and what `interruption-policy` says otherwise, as what is done about each kind. */
export function policyOf(settings: Settings): Policy {
  const usual = responsesOfOptions(settings);
  const given = settings.get('interruption-policy');
  return Object.fromEntries(
    interruptionKinds.map((kind) => [kind, kindPolicy(kind, usual[kind], given[kind] ?? {}, settings)]),
  ) as unknown as Policy;
}

function responsesOfOptions(settings: Settings): Readonly<Record<InterruptionKind, Response>> {
  // In queue mode every kind is handled, whatever the enable options say: that is NTH's documented contract.
  const isQueue = settings.get('enable-sqs-termination-draining');
  const drainIf = (isEnabled: boolean): Response => (isEnabled || isQueue ? 'drain' : 'ignore');
  return {
    SPOT_ITN: drainIf(settings.get('enable-spot-interruption-draining')),
    SCHEDULED_EVENT: drainIf(settings.get('enable-scheduled-event-draining')),
    ASG_LIFECYCLE: drainIf(settings.get('enable-asg-lifecycle-draining')),
    STATE_CHANGE: drainIf(false),
    REBALANCE_RECOMMENDATION:
      !isQueue && !settings.get('enable-rebalance-draining') && settings.get('enable-rebalance-monitoring')
        ? 'mark'
        : drainIf(settings.get('enable-rebalance-draining')),
    // Nothing goes away when an instance is launched.
    ASG_LAUNCH_LIFECYCLE: 'ignore',
  };
}

function kindPolicy(
  kind: InterruptionKind,
  usual: Response,
  given: KindPolicySetting,
  settings: Settings,
): KindPolicy {
  const response = given.response ?? usual;
  const graceSeconds = given.nodeGracePeriodSeconds ?? settings.get('node-termination-grace-period');
  return {
    response: response === 'drain' && settings.get('cordon-only') ? 'mark' : response,
    nodeGracePeriodMs: graceSeconds === 0 ? undefined : graceSeconds * 1000,
    escalation:
      given.escalation ??
      escalations.find((known) => known === settings.get('drain-escalation')) ??
      'evict-then-delete',
    leadMs: kind === 'SCHEDULED_EVENT' ? leadMs(given, graceSeconds, settings) : undefined,
  };
}

function leadMs(given: KindPolicySetting, graceSeconds: number, settings: Settings): number | undefined {
  if ((given.timing ?? settings.get('scheduled-event-timing')) === 'at-once') return undefined;
  const optionSeconds = settings.get('scheduled-event-lead-seconds');
  return (given.leadSeconds ?? (optionSeconds === -1 ? graceSeconds : optionSeconds)) * 1000;
}
