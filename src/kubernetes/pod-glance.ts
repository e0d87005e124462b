import { parseTrimmed } from './trimmed-object.ts';
import type { PodObject } from './views.ts';
import type { WatchEvent } from './watch-events.ts';

/**
 * How the API server begins the event of a pod. Names hold no quotes, so what is matched is the pod's own uid and
 * version; where somebody between us and the server has rewritten it, nothing matches.
 */
const beginning =
  /^\{"type":"(ADDED|MODIFIED|DELETED)","object":\{"kind":"Pod","apiVersion":"v1","metadata":\{"name":"[^"\\]*",(?:"generateName":"[^"\\]*",)?"namespace":"[^"\\]*",(?:"selfLink":"[^"\\]*",)?"uid":"([^"\\]*)","resourceVersion":"(\d+)"/;

/** In no JSON string, since a quote in one is escaped; but it may be a label's as well as the pod's. */
const nodeName = '"nodeName":"';

/**
 * Reads the events of a watch on pods. Of a pod on a node that nobody asks for only the version is read: its JSON is
 * 10 KB, and in a big cluster there are thousands of such pods for each one that matters. Of one that is gone nothing
 * matters but which it was, and where.
 */
export function glanceAt(line: string, isAskedFor: (node: string) => boolean): WatchEvent {
  const [, type, uid, version] = beginning.exec(line) ?? [];
  if (version === undefined) return parseTrimmed(line) as WatchEvent;
  const nodes = nodesIn(line);
  if (!nodes.some(isAskedFor))
    return { type: 'BOOKMARK', object: { metadata: { resourceVersion: version } } };
  const [node = '', ...others] = nodes;
  if (type !== 'DELETED' || uid === undefined || others.length > 0) return parseTrimmed(line) as WatchEvent;
  const object: PodObject = { metadata: { uid, resourceVersion: version }, spec: { nodeName: node } };
  return { type, object };
}

function nodesIn(line: string): string[] {
  const nodes: string[] = [];
  for (let at = line.indexOf(nodeName); at >= 0; at = line.indexOf(nodeName, at)) {
    at += nodeName.length;
    nodes.push(line.slice(at, line.indexOf('"', at)));
  }
  return nodes;
}
