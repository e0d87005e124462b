import { AwsError } from '../../aws/error.ts';

/** What whoever reads the log can do about a queue that can't be read. */
export function adviceFor(error: unknown): string {
  if (!(error instanceof AwsError)) return 'none: it is tried again';
  if (/(?:NonExistentQueue|QueueDoesNotExist)$/.test(error.code)) {
    return 'check queue-url and aws-region: there is no such queue, or it was deleted';
  }
  if (/^kms/i.test(error.code)) {
    return error.kind === 'access-denied'
      ? 'give the role kms:Decrypt for the key with which the queue is encrypted'
      : 'check the key with which the queue is encrypted';
  }
  switch (error.kind) {
    case 'access-denied':
      return 'give the role sqs:ReceiveMessage for this queue';
    case 'credentials':
      return 'check the role of the ServiceAccount (IRSA or EKS Pod Identity) or of the instance';
    case 'expired-token':
      return 'check that the role can be renewed: its credentials have expired';
    case 'clock':
      return "set this machine's clock: AWS does not accept its time";
    case 'unreachable':
      return 'check network, proxy variables, endpoint and AWS_CA_BUNDLE: SQS can not be reached';
    case 'throttled':
    case 'server':
    case 'refused':
      return 'none: it is tried again';
  }
}
