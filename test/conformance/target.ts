import type { AccessRule } from '../fakes/api-server/access.ts';

export interface WebhookDenial {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
}

/**
 * An API server under test: the fake or a real one. Neither kubelets nor controllers act behind it,
 * so that the suite alone decides what happens.
 */
export interface Target {
  readonly url: string;
  readonly ca: string;
  /** Of someone who may do everything. */
  readonly adminToken: string;
  /** Waits for the promise and lets the server's time pass meanwhile. */
  pass<T>(promise: Promise<T>): Promise<T>;
  sleep(ms: number): Promise<void>;
  /** Milliseconds by the server's clock. */
  now(): number;
  /** A namespace in which pods may be made. */
  createNamespace(name: string): Promise<void>;
  /** Someone new, who has these rights and no more. */
  grant(user: string, rules: readonly AccessRule[]): Promise<{ token: string; name: string }>;
  /** Makes a webhook deny all evictions in the namespace. */
  denyEvictions(namespace: string, denial: WebhookDenial): Promise<void>;
  /** The server no longer knows what happened before now. */
  forgetPast(): Promise<void>;
  stop(): Promise<void>;
}
