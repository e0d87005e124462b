import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { demoHelp, parseOptions } from '../../src/commands/demo/options.ts';
import { nextCommands } from '../../src/commands/demo/story-ends.ts';
import { demo } from './demo-process.ts';

describe('the options of the demo', () => {
  it('need not be given', () => {
    const options = { imdsUrl: undefined, cluster: undefined, fast: false };
    assert.deepEqual(parseOptions([]), { type: 'options', options });
  });

  it('take their values after a space or an equals sign', () => {
    const cluster = { kubeconfigPath: 'a/config', nodeName: 'node-a' };
    const options = { imdsUrl: 'http://127.0.0.1:1338', cluster, fast: true };
    const argv = [
      '--imds',
      'http://127.0.0.1:1338',
      '--kubeconfig=a/config',
      '--node-name',
      'node-a',
      '--fast',
    ];
    assert.deepEqual(parseOptions(argv), { type: 'options', options });
  });

  const wrong: Readonly<Record<string, readonly string[]>> = {
    'Unknown flag "--imdss": did you mean "--imds"?': ['--imdss', 'http://a'],
    'Unknown flag "-x": --help lists what there is': ['-x'],
    'Unexpected argument "quick": expected flags only': ['quick'],
    'Cannot use --imds: expected a value after the flag': ['--imds', '--fast'],
    'Cannot use --node-name: expected a value after the flag': ['--node-name='],
    'Cannot use --fast "no": expected no value': ['--fast=no'],
    'Cannot use --imds "localhost": expected a URL such as http://127.0.0.1:1338': ['--imds', 'localhost'],
    'Cannot use --kubeconfig without --node-name: name a node as "kubectl get nodes" shows it': [
      '--kubeconfig=a',
    ],
    'Cannot use --node-name without --kubeconfig: the embedded cluster has its own nodes': ['--node-name=a'],
  };
  for (const [line, argv] of Object.entries(wrong)) {
    it(`are refused in one line: ${argv.join(' ')}`, () => {
      assert.deepEqual(parseOptions(argv), { type: 'problem', line });
    });
  }

  it('end the process with 1 where they are wrong', async () => {
    const end = await demo(['--slow']);
    assert.deepEqual(end, {
      code: 1,
      stdout: '',
      stderr: 'Unknown flag "--slow": --help lists what there is\n',
    });
  });

  it('are listed by --help', async () => {
    assert.deepEqual(await demo(['--help']), { code: 0, stdout: demoHelp, stderr: '' });
  });
});

describe('what to try next', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: object };

  for (const [command, what] of nextCommands) {
    it(`names only what is there: ${command}`, () => {
      const [, script] = /^npm (?:run )?(\S+)/u.exec(command) ?? [];
      if (script !== undefined) assert.ok(Object.hasOwn(scripts, script));
      for (const [path] of `${command} ${what}`.matchAll(/\b(?:src|docs)\/\S+\.\w+/gu)) {
        assert.ok(existsSync(`${root}${path}`), path);
      }
    });
  }
});
