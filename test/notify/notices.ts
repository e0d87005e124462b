import type { InstanceFacts } from '../../src/instance-facts.ts';
import type { Notice, NoticeFacts } from '../../src/notify/webhook-data.ts';
import { templateFunctions } from '../../src/notify/template/functions/all.ts';
import { Template } from '../../src/notify/template/template.ts';
import { utc } from '../../src/notify/template/zone.ts';
import { webhookDataType } from '../../src/notify/webhook-types.ts';
import { spot, t0 } from '../interruption/interruptions.ts';

const clock = { now: () => t0, sleep: () => Promise.resolve(), startTimer: () => () => {} };

/** With a clock that stands still, and one variable. */
export const functions = templateFunctions({
  clock,
  localZone: utc,
  environment: (name) => (name === 'CLUSTER' ? 'blue' : undefined),
});

export function webhookTemplate(source: string): Template {
  return new Template(source, webhookDataType, { functions, localZone: utc });
}

export function notice(given: Partial<Notice> = {}): Notice {
  const interruption = spot();
  return {
    moment: 'done',
    at: t0,
    interruption,
    workflow: {
      id: 1,
      node: 'node-1',
      startedAt: t0,
      phase: 'draining',
      interruptions: [interruption],
      cancellations: [],
      response: 'drain',
      deadline: interruption.deadline,
      deadlineIsMachineEnd: true,
      dryRun: false,
    },
    end: undefined,
    ...given,
  };
}

export function noticeFacts(given: Partial<InstanceFacts> = {}): NoticeFacts {
  return {
    metadata: {
      accountId: '123456789012',
      instanceId: 'i-0123456789abcdef0',
      instanceLifeCycle: 'spot',
      instanceType: 'm7g.large',
      publicHostname: '',
      publicIp: '',
      localHostname: 'ip-10-0-1-23.eu-central-1.compute.internal',
      localIp: '10.0.1.23',
      availabilityZone: 'eu-central-1a',
      region: 'eu-central-1',
      providerId: '',
      isManaged: false,
      ...given,
    },
    nodeLabels: {},
    podNames: [],
  };
}
