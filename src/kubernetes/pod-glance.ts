import { parseBody } from './status.ts';
import type { WatchEvent } from './watch-events.ts';

/**
 * How the API server begins the event of a pod. Names hold no quotes, so what is matched is the pod's own version;
 * where somebody between us and the server has rewritten it, nothing matches.
 */
const beginning =
  /^\{"type":"(?:ADDED|MODIFIED|DELETED)","object":\{"kind":"Pod","apiVersion":"v1","metadata":\{"name":"[^"\\]*",(?:"generateName":"[^"\\]*",)?"namespace":"[^"\\]*",(?:"selfLink":"[^"\\]*",)?"uid":"[^"\\]*","resourceVersion":"(\d+)"/;

/** In no JSON string, since a quote in one is escaped; where it is a label's, the event is read once too often. */
const nodeName = '"nodeName":"';

/**
 * Reads the events of a watch on all pods. Of a pod on a node that nobody asks for only the version is read: its JSON
 * is 10 KB, and in a big cluster there are thousands of such pods for each one that matters.
 */
export function glanceAt(line: string, isAskedFor: (node: string) => boolean): WatchEvent {
  const version = beginning.exec(line)?.[1];
  if (version === undefined || namesOneOf(line, isAskedFor)) return parseBody(line) as WatchEvent;
  return { type: 'BOOKMARK', object: { metadata: { resourceVersion: version } } };
}

function namesOneOf(line: string, isAskedFor: (node: string) => boolean): boolean {
  for (let at = line.indexOf(nodeName); at >= 0; at = line.indexOf(nodeName, at)) {
    at += nodeName.length;
    if (isAskedFor(line.slice(at, line.indexOf('"', at)))) return true;
  }
  return false;
}
