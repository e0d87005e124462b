import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { podTable } from '../../src/commands/demo/live-table.ts';
import { podNews } from '../../src/commands/demo/pod-news.ts';
import type { PodRow } from '../../src/commands/demo/pod-timeline.ts';
import { Screen, type Output, type StyledLine } from '../../src/commands/demo/screen.ts';
import { wrap } from '../../src/commands/demo/wrap.ts';

const noticeAt = 1000;
const moment = { now: 6000, noticeAt };

function row(id: string, more: Partial<PodRow> = {}): PodRow {
  return {
    id,
    kind: 'Deployment',
    graceSeconds: 30,
    leaves: true,
    because: 'ReplicaSet "web" will replace it',
    refusals: 0,
    firstRefusedAt: undefined,
    askedAt: undefined,
    goneAt: undefined,
    ...more,
  };
}

const texts = (lines: readonly StyledLine[]): string[] => lines.map(({ text }) => text);
const plain = (text: string): StyledLine => ({ text, style: 'none' });

describe('the table of pods', () => {
  it('says what each pod is doing', () => {
    const rows = [
      row('a/running'),
      row('a/asked', { askedAt: 2500 }),
      row('a/gone', { askedAt: 2500, goneAt: 4000 }),
      row('a/held', { refusals: 3, firstRefusedAt: 2000 }),
      row('a/agent', { kind: 'DaemonSet', leaves: false, because: 'DaemonSet "agent" would put it back' }),
    ];
    assert.deepEqual(texts(podTable(rows, moment, { columns: 100, lines: 20 })), [
      'a/running  Deployment   running',
      'a/asked    Deployment   shutting down, 3.5 s of 30 s',
      'a/gone     Deployment   gone at +3.0 s, took 1.5 s',
      'a/held     Deployment   held by its budget, 4.0 s',
      'a/agent    DaemonSet    stays: DaemonSet "agent" would put it back',
    ]);
  });

  it('leaves out first those that say least where the terminal is low', () => {
    const rows = [
      row('a/1', { askedAt: 1500, goneAt: 2000 }),
      row('a/2', { leaves: false }),
      row('a/3', { askedAt: 1500, goneAt: 3000 }),
      row('a/4'),
    ];
    const lines = texts(podTable(rows, moment, { columns: 100, lines: 3 }));
    assert.deepEqual(
      lines.map((line) => line.split('  ')[0]),
      ['a/2', 'a/4', '... and 2 more pods'],
    );
  });

  it('never gets higher than the terminal, however low that is', () => {
    const rows = Array.from({ length: 24 }, (_, index) => row(`a/${index}`));
    for (let lines = -2; lines < 30; lines++) {
      const { length } = podTable(rows, moment, { columns: 100, lines });
      assert.ok(length <= Math.max(1, lines), `${length} lines where ${lines} fit`);
    }
  });

  it('cuts names that would take more than half of the width', () => {
    const [line = ''] = texts(podTable([row(`a/${'x'.repeat(50)}`)], moment, { columns: 40, lines: 5 }));
    assert.match(line, /^a\/x{17}… {2}Deployment/u);
  });
});

describe('news of pods', () => {
  it('come in order of time, with many askings in one', () => {
    const before = [1, 2, 3, 4, 5].map((index) => row(`a/${index}`));
    const after = before.map((it, index): PodRow => ({
      ...it,
      askedAt: 1500 + index,
      ...(index === 4 && { goneAt: 1600 }),
    }));
    after[0] = row('a/1', { refusals: 1, firstRefusedAt: 1400 });
    assert.deepEqual(podNews(before, after, moment), [
      ' +0.4 s  held: a/1, whose disruption budget allows no eviction now',
      ' +0.5 s  asked to leave: 4 pods',
      ' +0.6 s  gone: a/5, 0.1 s after it was asked',
    ]);
  });

  it('are none where nothing happened', () => {
    const rows = [row('a/1', { askedAt: 1500 })];
    assert.deepEqual(podNews(rows, rows, moment), []);
  });
});

describe('the screen', () => {
  class FakeOutput implements Output {
    columns = 40;
    rows = 10;
    written = '';
    write(text: string): void {
      this.written += text;
    }
  }

  it('draws in place of what it drew before', () => {
    const output = new FakeOutput();
    const screen = new Screen({ live: true, colours: false }, output);
    screen.draw([plain('one'), plain('two')]);
    screen.draw([plain('three')]);
    assert.equal(output.written, 'one\ntwo\n\u001B[2Athree\u001B[K\n\u001B[J');
  });

  it('puts text above what is drawn', () => {
    const output = new FakeOutput();
    const screen = new Screen({ live: true, colours: false }, output);
    screen.draw([plain('table')]);
    screen.say('text');
    assert.equal(output.written, 'table\n\u001B[1A  text\u001B[K\ntable\u001B[K\n\u001B[J');
  });

  it('cuts what is drawn to the width, so that a line stays a line', () => {
    const output = new FakeOutput();
    new Screen({ live: true, colours: false }, output).draw([plain('x'.repeat(60))]);
    assert.equal(output.written, `${'x'.repeat(39)}\n`);
  });

  it('does not move up after a change of width, which has moved everything', () => {
    const output = new FakeOutput();
    const screen = new Screen({ live: true, colours: false }, output);
    screen.draw([plain('wide')]);
    output.columns = 20;
    screen.draw([plain('small')]);
    assert.equal(output.written, 'wide\nsmall\n');
  });

  it('draws nothing where the cursor can not be moved', () => {
    const output = new FakeOutput();
    const screen = new Screen({ live: false, colours: false }, output);
    screen.draw([plain('table')]);
    screen.log('a line of the log that is longer than the terminal is wide');
    assert.equal(output.written, '  | a line of the log that is longer than the terminal is wide\n');
  });

  it('has colours only where they are wanted', () => {
    const output = new FakeOutput();
    const line: StyledLine = { text: 'gone', style: 'green' };
    new Screen({ live: true, colours: false }, output).draw([line]);
    new Screen({ live: true, colours: true }, output).draw([line]);
    assert.equal(output.written, 'gone\n\u001B[32mgone\u001B[39m\n');
  });

  it('shortens log lines of unusual length and says so', () => {
    const output = new FakeOutput();
    new Screen({ live: false, colours: false }, output).log('x'.repeat(1000));
    assert.equal(output.written, `  | ${'x'.repeat(400)} ... and 600 characters more\n`);
  });
});

describe('wrapping', () => {
  it('breaks at spaces, and words where they are longer than a line', () => {
    assert.deepEqual(wrap('one two three', 12, '  '), ['  one two', '  three']);
    assert.deepEqual(wrap(`a ${'x'.repeat(25)} b`, 12, '  '), [
      '  a',
      `  ${'x'.repeat(10)}`,
      `  ${'x'.repeat(10)}`,
      '  xxxxx b',
    ]);
  });

  it('keeps an empty text an empty line', () => {
    assert.deepEqual(wrap('', 80, '  '), ['']);
  });
});
