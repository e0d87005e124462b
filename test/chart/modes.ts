import type { Values } from './helm.ts';

export const queueMode = {
  enableSqsTerminationDraining: true,
  queueURL: 'https://sqs.us-east-1.amazonaws.com/111122223333/queue',
} as const satisfies Values;
