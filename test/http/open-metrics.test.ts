import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsEndpoint } from '../../src/http/endpoints.ts';
import { prefersOpenMetrics } from '../../src/http/accept.ts';
import { createMetrics } from '../../src/metrics.ts';

const openMetrics = 'application/openmetrics-text';
/** What Prometheus 2 and 3 ask with. */
const prometheus2 = `${openMetrics};version=1.0.0,${openMetrics};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`;
const prometheus3 = `${openMetrics};version=1.0.0;escaping=allow-utf-8;q=0.6,${openMetrics};version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2`;

async function scrape(metrics: ReturnType<typeof createMetrics>, accept: string) {
  const answer = await metricsEndpoint(metrics).answer(accept);
  assert.ok('body' in answer);
  return answer;
}

test('who prefers OpenMetrics gets it, and everybody else the text format', () => {
  for (const accept of [prometheus2, prometheus3, openMetrics, `text/plain;q=0.5, ${openMetrics}`]) {
    assert.ok(prefersOpenMetrics(accept), accept);
  }
  for (const accept of [
    '',
    '*/*',
    'text/plain',
    `text/plain, ${openMetrics};q=0.9`,
    `${openMetrics};version=0.0.1`,
    `${openMetrics};q=0`,
    `${openMetrics};q=x`,
    ';;,=;q',
  ]) {
    assert.ok(!prefersOpenMetrics(accept), accept);
  }
});

test('both formats have the same samples, whichever was asked for before', async () => {
  const metrics = createMetrics('1.2.3 "quoted" \\ \n');
  metrics.interruptions.inc({ kind: 'SPOT_ITN', source: 'imds' });
  metrics.spareTime.observe(42);
  const samples = (body: string) =>
    body
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && !/^(?:process|nodejs)_/.test(line))
      .map((line) => line.replace(/(le="\d+)\.0"/, '$1"'));
  const before = await scrape(metrics, '');
  const open = await scrape(metrics, prometheus3);
  const after = await scrape(metrics, 'text/plain');
  assert.equal(before.contentType, 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(open.contentType, 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  assert.deepEqual(samples(open.body), samples(before.body));
  assert.deepEqual(samples(after.body), samples(before.body));
  assert.ok(samples(open.body).includes('nth_interruptions_total{kind="SPOT_ITN",source="imds"} 1'));
});

test('OpenMetrics names a counter without its suffix, has floats as bounds, and ends with a mark', async () => {
  const { body } = await scrape(createMetrics('1'), openMetrics);
  assert.match(body, /^# TYPE actions counter\n# HELP actions Number of actions/m);
  assert.match(body, /^actions_total\{node_action="cordon",node_status="success"\} 0$/m);
  assert.match(body, /^nth_notice_to_mark_seconds_bucket\{le="1\.0"\} 0$/m);
  assert.match(body, /^nth_notice_to_mark_seconds_bucket\{le="\+Inf"\} 0$/m);
  assert.doesNotMatch(body, /\n\n/);
  assert.ok(body.endsWith('\n# EOF\n'));
});

test('a value has its trace as the exemplar of its bucket, in OpenMetrics only', async () => {
  const metrics = createMetrics('1');
  const id = '0af7651916cd43dd8448eb211c80319c';
  metrics.spareTime.observe(12.5, { id: undefined, at: 1_000 });
  metrics.spareTime.observe(12.5, { id, at: 1_500 });
  metrics.spareTime.observe(99_999, { id, at: 2_000 });
  const { body } = await scrape(metrics, openMetrics);
  const lines = body.split('\n').filter((line) => line.includes('# {'));
  assert.deepEqual(lines, [
    `nth_deadline_spare_seconds_bucket{le="20.0"} 2 # {trace_id="${id}"} 12.5 1.5`,
    `nth_deadline_spare_seconds_bucket{le="+Inf"} 3 # {trace_id="${id}"} 99999 2`,
  ]);
  assert.ok(!(await scrape(metrics, 'text/plain')).body.includes('# {'));
});
