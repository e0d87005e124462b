import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodFeed } from '../../src/kubernetes/pod-feed.ts';
import type { WatchEvent } from '../../src/kubernetes/watch-events.ts';
import type { Followed, WatchLoop } from '../../src/kubernetes/watch-loop.ts';
import { FakeClock } from '../fakes/clock.ts';

/** A pod event of nobody's node. */
const elsewhere: WatchEvent = {
  type: 'MODIFIED',
  object: { metadata: { uid: 'u', resourceVersion: '900' } },
};

test('events that were read before the last node left disturb no watch that begins after that', async () => {
  const clock = new FakeClock();
  const watches: { readonly followed: Followed<unknown>; readonly version: Promise<string> }[] = [];
  const loop: Pick<WatchLoop, 'follow'> = {
    async *follow(followed) {
      const listed = followed.list().then(({ version }) => version);
      listed.catch(() => {});
      watches.push({ followed, version: listed });
      await listed;
      // As the feed's own: all there is has been handed out before.
      yield* [] as const;
    },
  };
  const feed = new PodFeed({ pollMs: () => 2_000, instead: '' }, { clock, loop: loop as WatchLoop });
  const first = feed.join('node-1');
  first.listed('100');
  await clock.advance(1_000);
  assert.equal(await watches[0]?.version, '100');
  first.leave();
  const second = feed.join('node-2');
  // The rest of what the first watch had read at once.
  watches[0]?.followed.toChange(elsewhere);
  second.listed('950');
  await clock.advance(1_000);
  const version = await Promise.race([watches[1]?.version, clock.settle().then(() => 'never')]);
  assert.equal(version, '950');
});
