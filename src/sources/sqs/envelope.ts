import { isObject, parseTime, text } from './fields.ts';
import { nothing, unreadable, type Envelope, type Reading } from './signal.ts';

const testNotification = 'autoscaling:TEST_NOTIFICATION';

/** What an Auto Scaling group that writes to a queue or topic itself calls the transitions. */
const transitions: ReadonlyMap<string, string> = new Map([
  ['autoscaling:EC2_INSTANCE_TERMINATING', 'EC2 Instance-terminate Lifecycle Action'],
  ['autoscaling:EC2_INSTANCE_LAUNCHING', 'EC2 Instance-launch Lifecycle Action'],
]);

/** SNS wraps a message once; a topic behind a topic does it again. */
const mostWrappings = 3;

/**
 * What a message's body holds, in whichever form it came: from EventBridge, straight from an Auto Scaling group, or
 * either of them through SNS. https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
 * @returns a Reading where the message is to be settled or left without a look at its kind
 */
export function readEnvelope(body: string, messageId: string): Envelope | Reading {
  let content = parseJson(body);
  for (let wrappings = 0; wrappings < mostWrappings && isWrapped(content); wrappings += 1) {
    content = parseJson(content.Message);
  }
  if (!isObject(content)) return unreadable('not a JSON object');
  if (isTestNotification(content)) return nothing('a test notification of an Auto Scaling group');
  const detailType = text(content['detail-type']) || text(content['detail_type']);
  if (detailType === '') return readLifecycleAction(content, messageId);
  const { detail } = content;
  if (!isObject(detail)) return unreadable('no "detail"');
  if (isTestNotification(detail)) return nothing('a test notification of an Auto Scaling group');
  return {
    source: text(content['source']),
    detailType,
    id: text(content['id']) || text(content['customer_event_id']) || messageId,
    time: parseTime(content['time']),
    detail,
  };
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/prepare-for-lifecycle-notifications.html */
function readLifecycleAction(
  content: Readonly<Record<string, unknown>>,
  messageId: string,
): Envelope | Reading {
  const transition = text(content['LifecycleTransition']);
  const detailType = transitions.get(transition);
  if (detailType === undefined) {
    return unreadable(
      transition === '' ? 'neither "detail-type" nor "LifecycleTransition"' : `an unknown transition`,
    );
  }
  return {
    source: 'aws.autoscaling',
    detailType,
    id: text(content['RequestId']) || text(content['LifecycleActionToken']) || messageId,
    time: parseTime(content['Time']),
    detail: content,
  };
}

function isTestNotification(content: Readonly<Record<string, unknown>>): boolean {
  return content['Event'] === testNotification || content['LifecycleTransition'] === testNotification;
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
function isWrapped(content: unknown): content is { readonly Message: string } {
  return isObject(content) && content['detail-type'] === undefined && typeof content['Message'] === 'string';
}

/** undefined where it isn't JSON. */
function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
