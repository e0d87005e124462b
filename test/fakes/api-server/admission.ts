import { ApiError, forbidden, notFound } from './errors.ts';
import { namespaces } from './resources.ts';
import { resourceName, type ResourceRequest } from './request-info.ts';
import type { Store } from './store.ts';

export interface Denial {
  /** Which writes. @default all */
  readonly when?: (request: ResourceRequest) => boolean;
  /** @default 'guard.example.com' */
  readonly webhook?: string;
  /** What the webhook answered. @default 400 */
  readonly code?: number;
  readonly reason?: string;
  readonly message: string;
}

/** What may say no to a write after the caller's rights are known. */
export class Admission {
  readonly #store: Store;
  readonly #denials = new Set<Denial>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** A validating webhook that denies. @returns a function that takes it away. */
  deny(denial: Denial): () => void {
    this.#denials.add(denial);
    return () => {
      this.#denials.delete(denial);
    };
  }

  admit(request: ResourceRequest): void {
    if (request.verb === 'create') this.#checkNamespace(request);
    for (const {
      when = () => true,
      webhook = 'guard.example.com',
      code = 400,
      reason,
      message,
    } of this.#denials) {
      if (!when(request)) continue;
      throw new ApiError(code, reason, `admission webhook "${webhook}" denied the request: ${message}`);
    }
  }

  #checkNamespace(request: ResourceRequest): void {
    const { namespace, type, name } = request;
    if (namespace === undefined) return;
    const found = this.#store.find(namespaces, namespace);
    if (found === undefined) throw notFound(namespaces, namespace);
    if ((found.status as { phase?: string }).phase !== 'Terminating') return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const error = forbidden(type, name, why);
    const cause = {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    };
    error.status.details = { ...error.status.details, causes: [cause] };
    throw error;
  }
}

/** For `Denial.when`: a write to the resource, `pods/eviction` for instance. */
export function writesTo(resource: string): (request: ResourceRequest) => boolean {
  return (request) => resourceName(request) === resource;
}
