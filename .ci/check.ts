// `npm test`: every check that needs only Node and npm, at the same time where that is faster, each with its own verdict.
import { spawn } from 'node:child_process';

interface Check {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const bin = (name: string): string => `node_modules/.bin/${name}`;

const quick: readonly Check[] = [
  { name: 'types', command: bin('tsc'), args: [] },
  { name: 'lint', command: bin('oxlint'), args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', command: bin('oxfmt'), args: ['--check'] },
  { name: 'dead code', command: bin('knip'), args: [] },
];

const tests: Check = {
  name: 'tests',
  command: process.execPath,
  args: [
    '--test',
    '--test-concurrency=2',
    '--test-reporter=dot',
    '--test-reporter-destination=stdout',
    ...patterns(),
  ],
};

/** Patterns on the command line narrow the run to these test files. */
function patterns(): readonly string[] {
  const given = process.argv.slice(2);
  return given.length > 0 ? given : ['test/**/*.test.ts'];
}

async function run({ name, command, args }: Check): Promise<boolean> {
  const startedAt = performance.now();
  // Each test file is a process: they share what was compiled.
  const env = { ...process.env, NODE_COMPILE_CACHE: 'node_modules/.cache/compiled' };
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve(1);
    });
    child.once('close', resolve);
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'}  ${name} (${seconds} s)`);
  if (code !== 0) console.log(output);
  return code === 0;
}

const results = await Promise.all(quick.map(run));
results.push(await run(tests));
process.exit(results.every(Boolean) ? 0 : 1);
