import type { IndexedNode } from '../kubernetes/indexed-node.ts';

/**
 * Where an interruption's node is, or what becomes of the delivery without one:
 * - `node`: it is in this cluster, and ours to act on
 * - `nothing-to-do`: settled without work, as 'ignored'; a lifecycle hook is not completed
 * - `not-in-cluster`: as far as is known, it is no node of this cluster. Where `isSettled` says so (option
 *   `delete-sqs-msg-if-node-not-found`) settled as 'node-not-found', its hook completed; else given back, since it
 *   may be another cluster's, or be joining this one (`mayJoin`)
 * - `unknown`: given back, to be looked up again when it is delivered again
 */
export type Found =
  | { readonly found: 'node'; readonly node: IndexedNode }
  | { readonly found: 'nothing-to-do'; readonly why: NothingToDo }
  | { readonly found: 'not-in-cluster'; readonly isSettled: boolean; readonly mayJoin: boolean }
  | { readonly found: 'unknown'; readonly why: Unknown; readonly error?: unknown };

/**
 * - `not-managed`: the instance lacks the tag `managed-tag`
 * - `instance-gone`: EC2 does not know the instance, or takes its id for none
 * - `not-running`: the instance does not run and has no private DNS name any more, so that no node can be found by it
 */
export type NothingToDo = 'not-managed' | 'instance-gone' | 'not-running';

/**
 * - `no-dns-name`: the instance runs, but EC2 shows no private DNS name, and no node is found by its id
 * - `aws`: EC2 can't be asked
 * - `cluster`: the API server can't be asked, and the node may be new
 * - `no-location`: the interruption names neither node nor instance
 */
export type Unknown = 'no-dns-name' | 'aws' | 'cluster' | 'no-location';
