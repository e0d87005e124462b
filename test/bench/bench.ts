// `npm run bench [-- names and options]`: prints a table per benchmark; exit code 1 where a target is missed.
import { parseArgs } from 'node:util';
import type { Benchmark, BenchmarkOptions } from './benchmark.ts';
import { entryPoint } from '../e2e/entry-point.ts';
import { render } from './render.ts';

/** A benchmark is one file and one row. */
const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  footprint: async () => (await import('./footprint.ts')).footprint,
  drain: async () => (await import('./drain.ts')).drain,
  index: async () => (await import('./node-index.ts')).nodeIndex,
  'many-pods': async () => (await import('./many-pods.ts')).manyPods,
  burst: async () => (await import('./burst.ts')).burst,
  'big-cluster': async () => (await import('./big-cluster.ts')).bigCluster,
  reclaim: async () => (await import('./reclaim.ts')).reclaim,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '7' },
    bundle: { type: 'string' },
    'node-flags': { type: 'string' },
    env: { type: 'string', multiple: true, default: [] },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(benchmarks);
const unknown = names.filter((name) => !(name in benchmarks));
if (unknown.length > 0) {
  console.error(
    `Cannot run "${unknown.join('", "')}": there are ${Object.keys(benchmarks).join(', ')}; see test/bench/README.md`,
  );
  process.exit(2);
}
const image = entryPoint();
const flags = values['node-flags']?.split(' ').filter((flag) => flag !== '');
const options: BenchmarkOptions = {
  idleMinutes: positive('minutes', values.minutes),
  rounds: positive('rounds', values.rounds),
  daemon: {
    node: image.command.at(0) ?? '',
    nodeFlags: flags ?? image.command.slice(1, -1),
    bundle: values.bundle ?? image.command.at(-1) ?? '',
    env: { ...image.env, ...Object.fromEntries(values.env.map(nameAndValue)) },
  },
};

let isMissed = false;
for (const name of names) {
  const benchmark = await benchmarks[name]?.();
  const tables = await benchmark?.(options, (progress) => {
    process.stderr.write(`${name}: ${progress}\n`);
  });
  for (const table of tables ?? []) {
    console.log(`\n${render(name, table)}`);
    isMissed ||= table.figures.some(({ isMet }) => isMet === false);
  }
}
process.exit(isMissed ? 1 : 0);

function nameAndValue(pair: string): [string, string] {
  const [name = '', value = ''] = pair.split(/=(.*)/su);
  return [name, value];
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  console.error(`Cannot use --${name}="${text}": it must be a number above 0`);
  process.exit(2);
}
