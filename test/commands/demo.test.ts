import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { demo, type DemoEnd, DemoProcess } from './demo-process.ts';

describe('npm run demo', () => {
  let end: DemoEnd;
  before(async () => {
    // Options of the daemon that the shell holds are no part of the demo.
    end = await demo(['--fast'], { DRY_RUN: 'true', NODE_NAME: 'another', LOG_LEVEL: 'error' });
  });

  it('tells the way of a Spot notice from the start of the daemon to the report, in plain lines', () => {
    const { code, stdout, stderr } = end;
    assert.equal(stderr, '');
    assert.equal(code, 0, stdout);
    assert.ok(!stdout.includes('\u001B'), 'no escape sequences outside of a terminal');
    assertInOrder(stdout, [
      /Node ip-10-0-1-23 is a Spot instance with 24 pods:/u,
      /\$ node src\/main\.ts --node-name=ip-10-0-1-23 /u,
      /\| .* INF Node termination handler starts /u,
      /To the API server it has sent 1 request so\s+far/u,
      /\{"action":"terminate","time":"[^"]+"\}/u,
      /node marked: cordoned, tainted aws-node-termination-handler\/spot-itn/u,
      /\| .* INF Requesting instance drain /u,
      /held: shop\/checkout-\S+, whose disruption budget allows no eviction now/u,
      /shop\/checkout-\S+ is Ready on ip-10-0-2-47: its budget has 1 to spare/u,
      /asked to leave: shop\/checkout-\S+, after [\d.]+ s and \d+ refusals/u,
      /\| .* INF Node successfully cordoned and drained /u,
      /20 pods left:/u,
      /4 pods stayed:/u,
      /The last pod was gone at \+[\d.]+ s\. The instance goes at \+[\d.]+ s: [\d.]+ s to spare\./u,
      /It ended with exit code 0\./u,
    ]);
  });

  it('reports every pod: what left, what held it, what stayed and why', () => {
    const { stdout } = end;
    const left = section(stdout, 'pods left:', 'pods stayed:');
    assert.match(left, /batch\/nightly-report-\S+ .* it has finished/u);
    assert.match(left, /media\/transcoder-\S+ .* killed after 2 s/u);
    assert.match(left, /shop\/checkout-\S+ .* budget held it [\d.]+ s/u);
    const stayed = section(stdout, 'pods stayed:', 'to spare');
    assert.match(stayed, /kube-system\/aws-node-\S+ +DaemonSet "aws-node" would put it back/u);
    assert.match(stayed, /kube-system\/haproxy-\S+ +it is a static pod/u);
    assert.match(stayed, /kube-system\/nth-\S+ +it is this daemon/u);
  });

  it('shows what the daemon serves: metrics of the drain, liveness, readiness', () => {
    const { stdout } = end;
    assert.match(stdout, /actions_total\{node_action="cordon-and-drain",node_status="success"\} 1\n/u);
    assert.match(stdout, /nth_pods_total\{outcome="evicted"\} 20\n/u);
    assert.match(stdout, /nth_evictions_refused_total\{cause="budget"\} \d+\n/u);
    assert.match(stdout, /\/healthz {2}200 \{"health":"OK"\}/u);
    assert.match(stdout, /\/readyz {2}200 \{"ready":true\}/u);
  });

  it('leaves nothing behind when interrupted in the middle of the drain', async () => {
    const running = new DemoProcess(['--fast']);
    const [, folder = ''] = await running.heard(/--kubeconfig=(\S+)\/kubeconfig/u);
    const [, port] = await running.heard(/handler \/healthz, port (\d+)/u);
    await running.heard(/asked to leave/u);
    assert.ok(existsSync(folder));

    running.signal('SIGINT');
    const interrupted = await running.end();

    assert.equal(interrupted.code, 130);
    assert.equal(interrupted.stderr, '');
    assert.ok(!existsSync(folder));
    await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`), 'the daemon has ended as well');
  });
});

function assertInOrder(text: string, patterns: readonly RegExp[]): void {
  let rest = text;
  for (const pattern of patterns) {
    const match = pattern.exec(rest);
    assert.ok(match, `${pattern} should come in:\n${rest}`);
    rest = rest.slice(match.index + match[0].length);
  }
}

function section(text: string, from: string, to: string): string {
  const start = text.indexOf(from);
  return text.slice(start, text.indexOf(to, start));
}
