import type { Clock } from '../../../src/clock.ts';
import { forbidden, unauthorized } from './errors.ts';
import { resourceName, type ResourceRequest } from './request-info.ts';

/** A rule of a ClusterRole; `*` stands for all. */
export interface AccessRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface User {
  /** @default 'admin' */
  readonly name?: string;
  /** Absent: everything is allowed. */
  readonly rules?: readonly AccessRule[];
  /** The token is unknown from then on. */
  readonly expiresAt?: number;
}

/** Someone who has authenticated, with or without a token. */
export interface Caller {
  readonly name: string;
  readonly rules: readonly AccessRule[];
}

/** What the ClusterRole of AWS Node Termination Handler grants, and no more. */
export const nthRules: readonly AccessRule[] = [
  { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'patch', 'update'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
  { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
  { apiGroups: ['extensions', 'apps'], resources: ['daemonsets'], verbs: ['get'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
];

const everything: AccessRule = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
/** Kubernetes grants these to whoever has authenticated (system:basic-user). */
const basicUser: AccessRule = {
  apiGroups: ['authorization.k8s.io'],
  resources: ['selfsubjectaccessreviews'],
  verbs: ['create'],
};

/** Tokens, and what their users may do. */
export class Access {
  readonly #clock: Clock;
  readonly #users = new Map<string, User>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes a token known, or changes what its user may do. */
  grant(token: string, user: User = {}): void {
    this.#users.set(token, user);
  }

  /** The token is unknown from now on. */
  revoke(token: string): void {
    this.#users.delete(token);
  }

  authenticate(authorization: string | undefined): Caller {
    if (authorization === undefined) return { name: 'system:anonymous', rules: [] };
    const [, token = ''] = /^bearer\s+(.+)$/i.exec(authorization) ?? [];
    const user = this.#users.get(token);
    if (user === undefined || this.#clock.now() >= (user.expiresAt ?? Infinity)) throw unauthorized();
    return { name: user.name ?? 'admin', rules: [...(user.rules ?? [everything]), basicUser] };
  }
}

export interface AccessAttributes {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly name: string | undefined;
}

export function isAllowed({ rules }: Caller, { group, resource, verb, name }: AccessAttributes): boolean {
  const holds = (values: readonly string[], value: string) => values.includes('*') || values.includes(value);
  return rules.some(
    (rule) =>
      holds(rule.apiGroups, group) &&
      holds(rule.resources, resource) &&
      holds(rule.verbs, verb) &&
      (rule.resourceNames === undefined || (name !== undefined && rule.resourceNames.includes(name))),
  );
}

/** @throws 403 as RBAC words it. */
export function authorize(caller: Caller, request: ResourceRequest): void {
  const { type, verb, name, namespace } = request;
  const resource = resourceName(request);
  if (isAllowed(caller, { group: type.group, resource, verb, name })) return;
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const why = `User "${caller.name}" cannot ${verb} resource "${resource}" in API group "${type.group}" ${scope}`;
  throw forbidden(type, name, why);
}
