import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { FakeClock } from '../fakes/clock.ts';
import { nodeName as node, startDaemonBy, type RunningDaemon } from '../daemon/running-daemon.ts';
import {
  fixture,
  historyPath,
  rebalancePath,
  scheduledPath,
  spotPath,
  targetStatePath,
} from '../sources/imds/fixtures.ts';

/**
 * Kind x state x options x time on the whole daemon. "shown": what the metadata service shows, all at once (+) or one
 * after the other (then), as files of test/fixtures/imds; `mock/` was recorded from the EC2 metadata mock. "marks":
 * what is on the node at the end, of NTH's taints (T) and labels (L).
 *
 * - ignored: nothing was asked of the API server
 * - marked: cordoned, the pod is there
 * - waits: marked, and to be drained later
 * - drained: marked, and the pod is gone
 * - unmarked: the node is as it was
 * - rehearsed: said, but nothing was written
 */
const table = `
| shown                                                                                                    | now                  | options                        | decision  | marks                                                                       |
| spot-terminate.json                                                                                      | 2017-09-18T08:20:00Z |                                | drained   | T out-of-service, T spot-itn, L load-balancers                              |
| spot-stop.json                                                                                           | 2017-09-18T08:20:00Z |                                | drained   | T spot-itn, L load-balancers                                                |
| spot-hibernate.json                                                                                      | 2017-09-18T08:20:00Z |                                | drained   | T spot-itn, L load-balancers                                                |
| spot-terminate.json                                                                                      | 2017-09-18T08:21:59Z |                                | drained   | T out-of-service, T spot-itn, L load-balancers                              |
| spot-terminate.json                                                                                      | 2017-09-18T09:00:00Z |                                | drained   | T out-of-service, T spot-itn, L load-balancers                              |
| mock/spot-terminate.json                                                                                 | 2030-01-02T03:04:05Z |                                | drained   | T out-of-service, T spot-itn, L load-balancers                              |
| mock/spot-stop.json                                                                                      | 2030-01-02T03:04:05Z |                                | drained   | T spot-itn, L load-balancers                                                |
| mock/spot-hibernate.json                                                                                 | 2030-01-02T03:04:05Z |                                | drained   | T spot-itn, L load-balancers                                                |
| mock/not-found.txt at spot                                                                               | 2030-01-02T03:04:05Z |                                | ignored   |                                                                             |
| error-page.txt at spot                                                                                   | 2030-01-02T03:04:05Z |                                | ignored   |                                                                             |
| spot-terminate.json                                                                                      | 2017-09-18T08:20:00Z | spot off                       | ignored   |                                                                             |
| spot-terminate.json                                                                                      | 2017-09-18T08:20:00Z | cordon only                    | marked    | T spot-itn                                                                  |
| spot-terminate.json                                                                                      | 2017-09-18T08:20:00Z | dry run                        | rehearsed |                                                                             |
| spot-terminate.json                                                                                      | 2017-09-18T08:20:00Z | spot marks only                | marked    | T spot-itn                                                                  |
| spot-terminate.json                                                                                      | 2017-09-18T08:20:00Z | no taints                      | drained   | T out-of-service, L load-balancers                                          |
| spot-terminate.json                                                                                      | 2017-09-18T08:20:00Z | no marks                       | drained   |                                                                             |
| rebalance.json                                                                                           | 2020-10-27T08:22:00Z |                                | ignored   |                                                                             |
| rebalance.json                                                                                           | 2020-10-27T08:22:00Z | rebalance monitored            | marked    | T rebalance-recommendation                                                  |
| rebalance.json                                                                                           | 2020-10-27T08:22:00Z | rebalance drained              | drained   | T rebalance-recommendation, L load-balancers                                |
| mock/rebalance.json                                                                                      | 2030-01-02T03:06:05Z | rebalance monitored            | marked    | T rebalance-recommendation                                                  |
| mock/rebalance.json                                                                                      | 2030-01-02T03:06:05Z | rebalance drained              | drained   | T rebalance-recommendation, L load-balancers                                |
| mock/rebalance.json                                                                                      | 2030-02-02T03:06:05Z | rebalance drained              | drained   | T rebalance-recommendation, L load-balancers                                |
| rebalance.json                                                                                           | 2020-10-27T08:22:00Z | rebalance drained, dry run     | rehearsed |                                                                             |
| rebalance.json                                                                                           | 2020-10-27T08:22:00Z | rebalance drained, cordon only | marked    | T rebalance-recommendation                                                  |
| rebalance.json then nothing                                                                              | 2020-10-27T08:22:00Z | rebalance monitored            | marked    | T rebalance-recommendation                                                  |
| rebalance.json then spot-stop.json                                                                       | 2017-09-18T08:20:00Z | rebalance monitored            | drained   | T rebalance-recommendation, T spot-itn, L load-balancers                    |
| rebalance.json + spot-stop.json                                                                          | 2017-09-18T08:20:00Z | rebalance monitored            | drained   | T rebalance-recommendation, T spot-itn, L load-balancers                    |
| target-terminated.txt                                                                                    | 2030-01-02T03:04:05Z |                                | ignored   |                                                                             |
| target-terminated.txt                                                                                    | 2030-01-02T03:04:05Z | asg                            | drained   | T asg-lifecycle-termination, T out-of-service, L load-balancers             |
| target-warmed-terminated.txt                                                                             | 2030-01-02T03:04:05Z | asg                            | drained   | T asg-lifecycle-termination, T out-of-service, L load-balancers             |
| mock/target-lifecycle-state-terminated.txt                                                               | 2030-01-02T03:04:05Z | asg                            | drained   | T asg-lifecycle-termination, T out-of-service, L load-balancers             |
| mock/target-lifecycle-state-in-service.txt                                                               | 2030-01-02T03:04:05Z | asg                            | ignored   |                                                                             |
| target-inservice.txt                                                                                     | 2030-01-02T03:04:05Z | asg                            | ignored   |                                                                             |
| target-detached.txt                                                                                      | 2030-01-02T03:04:05Z | asg                            | ignored   |                                                                             |
| target-standby.txt                                                                                       | 2030-01-02T03:04:05Z | asg                            | ignored   |                                                                             |
| target-warmed-hibernated.txt                                                                             | 2030-01-02T03:04:05Z | asg                            | ignored   |                                                                             |
| target-warmed-running.txt                                                                                | 2030-01-02T03:04:05Z | asg                            | ignored   |                                                                             |
| target-warmed-stopped.txt                                                                                | 2030-01-02T03:04:05Z | asg                            | ignored   |                                                                             |
| target-terminated.txt then target-inservice.txt                                                          | 2030-01-02T03:04:05Z | asg                            | drained   | T asg-lifecycle-termination, T out-of-service, L load-balancers             |
| target-terminated.txt                                                                                    | 2030-01-02T03:04:05Z | asg, cordon only               | marked    | T asg-lifecycle-termination                                                 |
| target-terminated.txt                                                                                    | 2030-01-02T03:04:05Z | asg, dry run                   | rehearsed |                                                                             |
| maintenance-active.json                                                                                  | 2019-01-14T09:00:43Z |                                | drained   | T scheduled-maintenance, L load-balancers, L reboot                         |
| maintenance-active.json                                                                                  | 2019-01-21T09:10:00Z |                                | drained   | T scheduled-maintenance, L load-balancers, L reboot                         |
| maintenance-active.json                                                                                  | 2019-01-14T09:00:43Z | maintenance off                | ignored   |                                                                             |
| maintenance-active.json                                                                                  | 2019-01-14T09:00:43Z | cordon only                    | marked    | T scheduled-maintenance, L reboot                                           |
| maintenance-active.json                                                                                  | 2019-01-14T09:00:43Z | dry run                        | rehearsed |                                                                             |
| maintenance-active.json                                                                                  | 2019-01-14T09:00:43Z | before start                   | waits     | T scheduled-maintenance, L load-balancers, L reboot                         |
| maintenance-active.json                                                                                  | 2019-01-21T08:58:30Z | before start                   | waits     | T scheduled-maintenance, L load-balancers, L reboot                         |
| maintenance-active.json                                                                                  | 2019-01-21T08:58:42Z | before start                   | drained   | T scheduled-maintenance, L load-balancers, L reboot                         |
| maintenance-active.json                                                                                  | 2019-01-21T08:58:42Z | before start, lead of 60 s     | waits     | T scheduled-maintenance, L load-balancers, L reboot                         |
| maintenance-active.json                                                                                  | 2019-01-21T08:59:42Z | before start, lead of 60 s     | drained   | T scheduled-maintenance, L load-balancers, L reboot                         |
| maintenance-active.json                                                                                  | 2019-01-21T09:10:00Z | before start                   | drained   | T scheduled-maintenance, L load-balancers, L reboot                         |
| maintenance-canceled.json                                                                                | 2019-01-14T09:00:43Z |                                | ignored   |                                                                             |
| maintenance-completed.json                                                                               | 2019-01-21T10:00:00Z |                                | ignored   |                                                                             |
| maintenance-none.json                                                                                    | 2019-01-14T09:00:43Z |                                | ignored   |                                                                             |
| history-canceled.json                                                                                    | 2019-01-14T09:00:43Z |                                | ignored   |                                                                             |
| history-completed.json                                                                                   | 2019-01-21T10:00:00Z |                                | ignored   |                                                                             |
| maintenance-active.json then maintenance-canceled.json                                                   | 2019-01-14T09:00:43Z |                                | unmarked  |                                                                             |
| maintenance-active.json then maintenance-completed.json                                                  | 2019-01-21T09:00:43Z |                                | unmarked  |                                                                             |
| maintenance-active.json then history-canceled.json                                                       | 2019-01-14T09:00:43Z |                                | unmarked  |                                                                             |
| maintenance-active.json then history-completed.json                                                      | 2019-01-21T09:00:43Z |                                | unmarked  |                                                                             |
| maintenance-active.json then history-canceled.json                                                       | 2019-01-14T09:00:43Z | before start                   | unmarked  |                                                                             |
| maintenance-active.json then history-canceled.json                                                       | 2019-01-14T09:00:43Z | cordon only                    | unmarked  |                                                                             |
| maintenance-active.json then maintenance-none.json                                                       | 2019-01-14T09:00:43Z |                                | drained   | T scheduled-maintenance, L load-balancers, L reboot                         |
| maintenance-every-code.json                                                                              | 2019-01-14T09:00:43Z |                                | drained   | T scheduled-maintenance, L load-balancers, L reboot                         |
| mock/maintenance-instance-stop-active.json                                                               | 2030-01-02T03:04:05Z |                                | drained   | T scheduled-maintenance, L load-balancers, L reboot                         |
| mock/maintenance-instance-retirement-active.json                                                         | 2030-01-02T03:04:05Z |                                | drained   | T scheduled-maintenance, L load-balancers, L reboot                         |
| mock/maintenance-instance-reboot-active.json                                                             | 2030-01-02T03:04:05Z |                                | drained   | T scheduled-maintenance, L load-balancers, L reboot                         |
| mock/maintenance-system-reboot-active.json                                                               | 2030-01-02T03:04:05Z |                                | drained   | T scheduled-maintenance, L load-balancers, L reboot                         |
| mock/maintenance-system-maintenance-active.json                                                          | 2030-01-02T03:04:05Z |                                | drained   | L load-balancers                                                            |
| mock/maintenance-system-maintenance-active.json                                                          | 2030-01-02T03:04:05Z | before start                   | waits     | L load-balancers                                                            |
| mock/maintenance-system-maintenance-active.json                                                          | 2030-01-09T03:04:05Z | before start                   | drained   | L load-balancers                                                            |
| mock/maintenance-instance-reboot-canceled.json                                                           | 2030-01-02T03:04:05Z |                                | ignored   |                                                                             |
| mock/maintenance-instance-reboot-completed.json                                                          | 2030-01-09T05:04:05Z |                                | ignored   |                                                                             |
| mock/maintenance-instance-retirement-canceled.json                                                       | 2030-01-02T03:04:05Z |                                | ignored   |                                                                             |
| mock/maintenance-instance-retirement-completed.json                                                      | 2030-01-02T03:04:05Z |                                | ignored   |                                                                             |
| mock/maintenance-instance-stop-canceled.json                                                             | 2030-01-02T03:04:05Z |                                | ignored   |                                                                             |
| mock/maintenance-instance-stop-completed.json                                                            | 2030-01-09T05:04:05Z |                                | ignored   |                                                                             |
| mock/maintenance-system-maintenance-canceled.json                                                        | 2030-01-02T03:04:05Z |                                | ignored   |                                                                             |
| mock/maintenance-system-maintenance-completed.json                                                       | 2030-01-09T05:04:05Z |                                | ignored   |                                                                             |
| mock/maintenance-system-reboot-canceled.json                                                             | 2030-01-02T03:04:05Z |                                | ignored   |                                                                             |
| mock/maintenance-system-reboot-completed.json                                                            | 2030-01-09T05:04:05Z |                                | ignored   |                                                                             |
| mock/maintenance-instance-stop-active.json then mock/maintenance-instance-stop-canceled.json             | 2030-01-02T03:04:05Z |                                | unmarked  |                                                                             |
| mock/maintenance-instance-retirement-active.json then mock/maintenance-instance-retirement-canceled.json | 2030-01-02T03:04:05Z |                                | unmarked  |                                                                             |
| mock/maintenance-instance-reboot-active.json then mock/maintenance-instance-reboot-canceled.json         | 2030-01-02T03:04:05Z |                                | unmarked  |                                                                             |
| mock/maintenance-system-reboot-active.json then mock/maintenance-system-reboot-completed.json            | 2030-01-09T03:04:05Z |                                | unmarked  |                                                                             |
| mock/maintenance-system-maintenance-active.json then mock/maintenance-system-maintenance-completed.json  | 2030-01-09T03:04:05Z |                                | unmarked  |                                                                             |
| spot-stop.json + maintenance-active.json                                                                 | 2017-09-18T08:20:00Z |                                | drained   | T scheduled-maintenance, T spot-itn, L load-balancers, L reboot             |
| spot-stop.json + maintenance-active.json then spot-stop.json + history-canceled.json                     | 2017-09-18T08:20:00Z |                                | drained   | T spot-itn, L load-balancers                                                |
| spot-stop.json + target-terminated.txt                                                                   | 2017-09-18T08:20:00Z | asg                            | drained   | T asg-lifecycle-termination, T out-of-service, T spot-itn, L load-balancers |
`;

const optionsByName: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'spot off': { ENABLE_SPOT_INTERRUPTION_DRAINING: 'false' },
  'spot marks only': { NTH_INTERRUPTION_POLICY: '{"SPOT_ITN":{"response":"mark"}}' },
  'maintenance off': { ENABLE_SCHEDULED_EVENT_DRAINING: 'false' },
  'before start': { NTH_SCHEDULED_EVENT_TIMING: 'before-start' },
  'lead of 60 s': { NTH_SCHEDULED_EVENT_LEAD_SECONDS: '60' },
  'rebalance monitored': { ENABLE_REBALANCE_MONITORING: 'true' },
  'rebalance drained': { ENABLE_REBALANCE_DRAINING: 'true' },
  asg: { ENABLE_ASG_LIFECYCLE_DRAINING: 'true' },
  'cordon only': { CORDON_ONLY: 'true' },
  'dry run': { DRY_RUN: 'true' },
  'no taints': { TAINT_NODE: 'false' },
  'no marks': {
    TAINT_NODE: 'false',
    EXCLUDE_FROM_LOAD_BALANCERS: 'false',
    ENABLE_OUT_OF_SERVICE_TAINT: 'false',
  },
};

/** All marks that there are, and every document looked at each second. */
const usualOptions = {
  TAINT_NODE: 'true',
  EXCLUDE_FROM_LOAD_BALANCERS: 'true',
  ENABLE_OUT_OF_SERVICE_TAINT: 'true',
  NTH_MAINTENANCE_POLL_INTERVAL_MS: '1000',
  NTH_REBALANCE_POLL_INTERVAL_MS: '1000',
};

const paths: Readonly<Record<string, string>> = {
  spot: spotPath,
  maintenance: scheduledPath,
  history: historyPath,
  rebalance: rebalancePath,
  target: targetStatePath,
};

/** From a document's being shown to the end of what is done about it. */
const longestMs = 8_000;

for (const [shown = '', now = '', options = '', decision, marks] of rowsOf(table)) {
  test(`${shown}${options && ` (${options})`} at ${now}: ${decision}${marks && `: ${marks}`}`, async () => {
    await using daemon = await startDaemonBy(new FakeClock(Date.parse(now)), {
      cluster: (api) => {
        api.addNode({ name: node, labels: { team: 'shop' } });
        api.addPod({ name: 'web', node, owner: 'ReplicaSet/web' });
      },
      env: {
        ...usualOptions,
        ...Object.assign({}, ...listed(options).map((name) => optionsByName[name] ?? assert.fail(name))),
      },
    });
    for (const documents of shown.split(' then ')) {
      for (const path of Object.values(paths)) daemon.imds.clear(path);
      for (const document of documents === 'nothing' ? [] : documents.split(' + ')) {
        const [file = '', at = file.replace('mock/', '').split(/[-.]/)[0] ?? ''] = document.split(' at ');
        const path = paths[at] ?? assert.fail(at);
        daemon.imds.set(path, fixture(file.replace('mock/', 'ec2-metadata-mock/')));
      }
      await daemon.clock.advance(longestMs);
    }
    assert.equal(decisionOf(daemon), decision);
    assert.equal(marksOn(daemon.api).join(', '), marks);
  });
}

test('every recorded signal is in the table', () => {
  const recorded = new URL('../fixtures/imds/', import.meta.url);
  const files = [
    ...readdirSync(recorded),
    ...readdirSync(new URL('ec2-metadata-mock/', recorded)).map((file) => `mock/${file}`),
  ].filter((file) => /^(?:mock\/)?(?:spot|maintenance|history|rebalance|target)-?/u.test(file));
  assert.deepEqual(
    files.filter((file) => !table.includes(`| ${file} `)),
    [],
  );
});

function rowsOf(text: string): string[][] {
  const [, ...rows] = text.trim().split('\n');
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function listed(cell: string): string[] {
  return cell === '' ? [] : cell.split(', ');
}

function decisionOf({ api, said }: RunningDaemon): string {
  const isCordoned = api.node(node).spec.unschedulable === true;
  if (said('Node uncordoned and unmarked: the interruption is over').length > 0 && !isCordoned)
    return 'unmarked';
  if (said('Node would have been marked, but dry-run flag was set').length > 0) {
    return api.requests.every(({ verb }) => ['get', 'list'].includes(verb))
      ? 'rehearsed'
      : 'written in dry run';
  }
  if (api.requests.length === 0) return 'ignored';
  if (!isCordoned) return 'not cordoned';
  if (api.pod('web') === undefined) return 'drained';
  return said('The drain waits for its time').length > 0 ? 'waits' : 'marked';
}

const shortNames: Readonly<Record<string, string>> = {
  'node.kubernetes.io/exclude-from-external-load-balancers': 'load-balancers',
  'aws-node-termination-handler/action': 'reboot',
};

function marksOn(api: FakeApiServer): string[] {
  const { metadata, spec } = api.node(node);
  assert.equal(metadata.labels?.['team'], 'shop');
  const taints = (spec.taints ?? [])
    .map(({ key }) => key)
    .filter((key) => key !== 'node.kubernetes.io/unschedulable');
  const labels = Object.keys(metadata.labels ?? {}).flatMap((key) => shortNames[key] ?? []);
  return [
    ...taints.map((key) => `T ${key.replace(/^.*\//u, '')}`).toSorted(),
    ...labels.map((name) => `L ${name}`).toSorted(),
  ];
}
