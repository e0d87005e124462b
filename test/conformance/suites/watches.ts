import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchEvent, WatchStream } from '../api.ts';
import type { Scene } from '../scene.ts';
import { createNode, createPod, expectCode, podPath } from '../seeding.ts';

const short = ({ type, object }: WatchEvent) => `${type} ${object.metadata.name}`;

async function versionNow({ admin }: Scene): Promise<string> {
  return (await admin.get('/api/v1/nodes?limit=1')).body.metadata.resourceVersion as string;
}

/** Watches: where they begin, what they tell, how they end. */
export function watchesSuite(scene: Scene): void {
  const watchPods = async (namespace: string, query: string): Promise<WatchStream> =>
    scene.admin.watch(`${podPath(namespace)}?watch=true&${query}`);

  test('a watch from a version tells what came after it', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    await createPod(admin, { namespace, name: 'old' });
    const version = await versionNow(scene);
    const watch = await watchPods(namespace, `resourceVersion=${version}`);
    assert.equal(watch.code, 200);
    await createPod(admin, { namespace, name: 'new' });
    await admin.delete(podPath(namespace, 'old'), { gracePeriodSeconds: 0 });
    const events = await watch.take(3);
    watch.close();
    assert.deepEqual(events.slice(0, 2).map(short), ['ADDED new', 'MODIFIED new']);
    assert.deepEqual([events[0]?.object.kind, events[0]?.object.apiVersion], ['Pod', 'v1']);
    assert.match(short(events[2] as WatchEvent), /old$/);
  });

  test('a watch from nowhere begins with all there is', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    await createPod(admin, { namespace, name: 'a' });
    await createPod(admin, { namespace, name: 'b' });
    for (const query of ['', 'resourceVersion=0']) {
      const watch = await watchPods(namespace, query);
      const events = await watch.take(2);
      watch.close();
      assert.deepEqual(events.map(short).sort(), ['ADDED a', 'ADDED b']);
    }
  });

  test('a watch tells of selected objects only, and of those that come and go', async () => {
    const { admin, fresh } = scene;
    const [name, other] = [fresh('node'), fresh('node')];
    const group = fresh('group');
    const version = await versionNow(scene);
    const watch = await admin.watch(
      `/api/v1/nodes?watch=1&resourceVersion=${version}&labelSelector=group=${group}`,
    );
    await createNode(admin, other);
    await createNode(admin, name);
    const label = async (value: string | null) => {
      const reply = await admin.patch(`/api/v1/nodes/${name}`, 'merge', {
        metadata: { labels: { group: value } },
      });
      expectCode(reply, 200);
      return reply.body.metadata.resourceVersion as string;
    };
    await label(group);
    await admin.patch(`/api/v1/nodes/${name}`, 'merge', { spec: { unschedulable: true } });
    const left = await label(null);
    const events = await watch.take(3);
    watch.close();
    assert.deepEqual(events.map(short), [`ADDED ${name}`, `MODIFIED ${name}`, `DELETED ${name}`]);
    const last = events[2]?.object.metadata;
    assert.deepEqual([last.resourceVersion, last.labels], [left, { group }]);
  });

  test('a watch by node tells how its pods end', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    const node = scene.fresh('node');
    await createPod(admin, { namespace, name: 'p', node });
    await createPod(admin, { namespace, name: 'elsewhere' });
    const version = await versionNow(scene);
    const query = `watch=true&resourceVersion=${version}&fieldSelector=spec.nodeName%3D${node}`;
    const watch = await admin.watch(`/api/v1/pods?${query}`);
    await admin.delete(podPath(namespace, 'elsewhere'), { gracePeriodSeconds: 0 });
    expectCode(await admin.delete(podPath(namespace, 'p')), 200);
    expectCode(await admin.delete(podPath(namespace, 'p'), { gracePeriodSeconds: 0 }), 200);
    const events = await watch.take(3);
    watch.close();
    assert.deepEqual(
      events.map(({ type, object }) => [type, object.metadata.deletionGracePeriodSeconds]),
      [
        ['MODIFIED', 30],
        ['MODIFIED', 0],
        ['DELETED', 0],
      ],
    );
  });

  test('nodes are watched from the version that all pages of their list show', async () => {
    const { admin, fresh } = scene;
    const group = fresh('group');
    const [first, second, late] = [fresh('node'), fresh('node'), fresh('node')];
    const labels = { group };
    for (const name of [first, second]) await createNode(admin, name, { labels });
    const selection = `labelSelector=group=${group}`;
    const page = async (token: string) =>
      (await admin.get(`/api/v1/nodes?limit=1&${selection}&continue=${encodeURIComponent(token)}`)).body;
    const one = await page('');
    await admin.post('/api/v1/nodes', { metadata: { name: late, labels } });
    const two = await page(one.metadata.continue as string);
    const version = two.metadata.resourceVersion as string;
    // Whether there is another page depends on nodes that are none of this selection.
    assert.deepEqual([version, two.items.length], [one.metadata.resourceVersion, 1]);
    const query = `watch=true&resourceVersion=${version}&${selection}&allowWatchBookmarks=true&timeoutSeconds=5`;
    const watch = await admin.watch(`/api/v1/nodes?${query}`);
    const conditions = [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady' }];
    await admin.patch(`/api/v1/nodes/${second}/status`, 'strategic-merge', { status: { conditions } });
    await admin.delete(`/api/v1/nodes/${second}`);
    const events = await watch.take(3);
    assert.deepEqual(events.map(short), [`ADDED ${late}`, `MODIFIED ${second}`, `DELETED ${second}`]);
    // A change comes with the whole object, whatever of it was written.
    const { metadata, status } = events[1]?.object ?? {};
    assert.deepEqual(metadata.labels, { group });
    assert.equal(status.conditions.length, 2);
    assert.ok(Number(events[2]?.object.metadata.resourceVersion) > Number(metadata.resourceVersion));
    const bookmark = await watch.next();
    watch.close();
    assert.deepEqual([bookmark?.type, bookmark?.object.kind], ['BOOKMARK', 'Node']);
    assert.equal(bookmark?.object.metadata.name ?? '', '');
  });

  test('a watch ends in good order when its time is up', async () => {
    const namespace = await scene.namespace();
    const version = await versionNow(scene);
    const since = scene.target.now();
    const watch = await watchPods(namespace, `resourceVersion=${version}&timeoutSeconds=2`);
    assert.equal(await watch.next(), undefined);
    const tookMs = scene.target.now() - since;
    assert.ok(tookMs >= 1900 && tookMs < 4000, `${tookMs}`);
  });

  test('bookmarks come where they are allowed', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    await createPod(admin, { namespace, name: 'p' });
    const version = await versionNow(scene);
    const query = `resourceVersion=${version}&timeoutSeconds=4&allowWatchBookmarks=true`;
    const watch = await watchPods(namespace, query);
    // The real server sends none while it has nothing to tell to anybody.
    await createPod(admin, { namespace: await scene.namespace(), name: 'elsewhere' });
    const bookmark = await watch.next();
    assert.deepEqual(
      [bookmark?.type, bookmark?.object.kind, bookmark?.object.apiVersion],
      ['BOOKMARK', 'Pod', 'v1'],
    );
    assert.ok(Number(bookmark?.object.metadata.resourceVersion) >= Number(version));
    assert.equal(bookmark?.object.metadata.name ?? '', '');
    watch.close();
  });

  test('a version from before the memory of the server is told as an event in the stream', async () => {
    const namespace = await scene.namespace();
    await scene.target.forgetPast();
    const watch = await watchPods(namespace, 'resourceVersion=1');
    assert.equal(watch.code, 200);
    const event = await watch.next();
    assert.equal(event?.type, 'ERROR');
    assert.deepEqual(
      [event.object.kind, event.object.status, event.object.reason, event.object.code],
      ['Status', 'Failure', 'Expired', 410],
    );
    assert.match(event.object.message, /^too old resource version: 1 \(\d+\)$/);
    assert.equal(await watch.next(), undefined);
  });

  test('a version that is none is a refusal', async () => {
    const reply = await scene.admin.get('/api/v1/pods?watch=true&resourceVersion=abc&timeoutSeconds=1');
    assert.equal(
      reply.body.message,
      'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    );
    expectCode(reply, 500);
  });

  test('volume attachments are listed and watched', async () => {
    const { admin, fresh } = scene;
    const name = fresh('attachment');
    const path = '/apis/storage.k8s.io/v1/volumeattachments';
    const version = (await admin.get(path)).body.metadata.resourceVersion as string;
    const watch = await admin.watch(`${path}?watch=true&resourceVersion=${version}`);
    const spec = { attacher: 'ebs.csi.aws.com', nodeName: 'n', source: { persistentVolumeName: 'pv' } };
    expectCode(await admin.post(path, { metadata: { name }, spec }), 201);
    expectCode(await admin.delete(`${path}/${name}`), 200);
    const events = await watch.take(2);
    watch.close();
    assert.deepEqual(events.map(short), [`ADDED ${name}`, `DELETED ${name}`]);
    assert.equal(events[0]?.object.spec.nodeName, 'n');
  });
}
