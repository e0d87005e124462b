import type { Answer } from '../http-listener.ts';
import { isAllowed, type Caller } from './access.ts';

interface Review {
  readonly spec?: {
    readonly resourceAttributes?: {
      readonly group?: string;
      readonly resource?: string;
      readonly subresource?: string;
      readonly verb?: string;
      readonly name?: string;
      readonly namespace?: string;
    };
  };
}

/** Tells the caller whether a request of its own would be allowed. */
export function reviewAccess(caller: Caller, body: unknown): Answer {
  const { spec = {} } = body as Review;
  const { group = '', resource = '', subresource, verb = '', name } = spec.resourceAttributes ?? {};
  const full = subresource === undefined || subresource === '' ? resource : `${resource}/${subresource}`;
  const allowed = isAllowed(caller, { group, resource: full, verb, name });
  const review = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: {} };
  return { code: 201, body: { ...review, spec, status: { allowed } } };
}
