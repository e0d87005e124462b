import type { ApiClient } from './api-client.ts';
import { trim, type IndexedNode } from './indexed-node.ts';
import type { NodeObject } from './views.ts';

/** 3 MB of Node objects, of which one at a time is held. */
const nodesPerPage = 250;

/** Reads all nodes, page by page, each given to `take` as it arrives. @returns the version of the list @throws ApiError */
export async function listNodes(
  client: ApiClient,
  signal: AbortSignal,
  take: (node: IndexedNode) => void,
): Promise<string> {
  const query = new URLSearchParams({ limit: String(nodesPerPage) });
  for (;;) {
    const path = `/api/v1/nodes?${query.toString()}`;
    // As urgent as a mark: a node that is not known can't be marked.
    const request = { verb: 'list', resource: 'nodes', path, urgency: 'mark', signal } as const;
    const { list } = await client.list(request, (item) => take(trim(item as NodeObject)));
    const { metadata = {} } = list as { metadata?: { resourceVersion?: string; continue?: string } };
    if (metadata.continue === undefined || metadata.continue === '') return metadata.resourceVersion ?? '';
    query.set('continue', metadata.continue);
  }
}
