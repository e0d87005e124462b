import type { Clock } from '../../src/clock.ts';
import type { Answer } from './http-listener.ts';

export interface FakeHook {
  readonly group: string;
  readonly name: string;
  readonly token: string;
  readonly instanceId: string;
  /** The group waits until then, unless it is told to go on or to wait. */
  endsAt: number;
  readonly timeoutMs: number;
  state: 'waiting' | 'continued' | 'abandoned' | 'timed-out';
  completedAt: number | undefined;
  readonly heartbeats: number[];
}

const headers = { 'Content-Type': 'text/xml' };
const usualTimeoutMs = 3_600_000;

/** Auto Scaling's query API, as far as lifecycle hooks go. */
export class FakeAutoScaling {
  readonly hooks: FakeHook[] = [];
  readonly #clock: Clock;

  constructor(modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
  }

  /** A hook for which the group waits from now on. */
  wait(
    hook: Pick<FakeHook, 'group' | 'name' | 'token' | 'instanceId'>,
    { timeoutMs = usualTimeoutMs } = {},
  ): FakeHook {
    const waiting: FakeHook = {
      ...hook,
      timeoutMs,
      endsAt: this.#clock.now() + timeoutMs,
      state: 'waiting',
      completedAt: undefined,
      heartbeats: [],
    };
    this.hooks.push(waiting);
    return waiting;
  }

  /** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html */
  answer(action: string, parameters: URLSearchParams): Answer {
    const hook = this.#find(parameters);
    if (hook === undefined) {
      return autoScalingError(
        'ValidationError',
        `No active Lifecycle Action found with instance ID ${parameters.get('InstanceId')}`,
      );
    }
    switch (action) {
      case 'CompleteLifecycleAction':
        hook.state = parameters.get('LifecycleActionResult') === 'CONTINUE' ? 'continued' : 'abandoned';
        hook.completedAt = this.#clock.now();
        return success(action);
      case 'RecordLifecycleActionHeartbeat':
        hook.heartbeats.push(this.#clock.now());
        hook.endsAt = this.#clock.now() + hook.timeoutMs;
        return success(action);
      default:
        return autoScalingError('InvalidAction', `Could not find operation ${action}`);
    }
  }

  /** Only one that the group still waits for. */
  #find(parameters: URLSearchParams): FakeHook | undefined {
    const now = this.#clock.now();
    for (const hook of this.hooks) {
      if (hook.state === 'waiting' && hook.endsAt <= now) hook.state = 'timed-out';
    }
    const token = parameters.get('LifecycleActionToken');
    return this.hooks.find(
      (hook) =>
        hook.state === 'waiting' &&
        hook.group === parameters.get('AutoScalingGroupName') &&
        hook.name === parameters.get('LifecycleHookName') &&
        hook.instanceId === parameters.get('InstanceId') &&
        (token === null || hook.token === token),
    );
  }
}

export function autoScalingError(code: string, message: string, statusCode = 400): Answer {
  return {
    code: statusCode,
    headers,
    body: `<ErrorResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
  };
}

function success(action: string): Answer {
  return {
    code: 200,
    headers,
    body: `<${action}Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><${action}Result/><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`,
  };
}
