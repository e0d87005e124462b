import { fixture } from '../sources/sqs/fixtures.ts';
import { spotWarning, terminateAction } from '../sources/sqs/messages.ts';

export interface Instance {
  readonly instanceId: string;
}

export function tokenOf({ instanceId }: Instance): string {
  return `token-${instanceId}`;
}

export function spot({ instanceId }: Instance): object {
  return spotWarning(instanceId, new Date().toISOString());
}

export function terminate(machine: Instance): object {
  return terminateAction(machine.instanceId, tokenOf(machine));
}

/** As groups send it without EventBridge. */
export function terminateDirectly(machine: Instance): string {
  return fixture('asg-direct-terminate')
    .replace('i-0b662ef9931388ba0', machine.instanceId)
    .replace('0befcbdb-6ecd-498a-9ff7-ae9b54447cd6', tokenOf(machine));
}
