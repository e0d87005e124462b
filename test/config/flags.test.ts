import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, loadWith, problemsOf } from './load-with.ts';

describe('flag syntax', () => {
  const spellings: readonly (readonly string[])[] = [
    ['--pod-termination-grace-period=-7', '--pod-name=a'],
    ['--pod-termination-grace-period', '-7', '--pod-name', 'a'],
    ['-pod-termination-grace-period=-7', '-pod-name=a'],
    ['-pod-termination-grace-period', '-7', '-pod-name', 'a'],
  ];
  for (const argv of spellings) {
    it(`reads ${argv.join(' ')}`, async () => {
      const config = await configOf({ argv });
      assert.equal(config.drain.podGraceSeconds, undefined);
      assert.equal(config.ownPod?.name, 'a');
    });
  }

  for (const [argument, expected] of [
    ['--dry-run', true],
    ['-dry-run', true],
    ['--dry-run=true', true],
    ['--dry-run=T', true],
    ['--dry-run=false', false],
    ['--dry-run=0', false],
  ] as const) {
    it(`reads ${argument}`, async () => {
      assert.equal((await configOf({ argv: [argument] })).dryRun, expected);
    });
  }

  it('takes the last of several', async () => {
    const config = await configOf({ argv: ['--metadata-tries=1', '--metadata-tries', '2'] });
    assert.equal(config.imds.tries, 2);
  });

  it('keeps text as it is: numbers, quotes, equals signs, line breaks', async () => {
    for (const text of ['1.10', '"quoted"', 'a=b=c', 'line\nbreak', '0x10', 'a,b']) {
      const config = await configOf({
        argv: ['--webhook-url=http://hooks', '--webhook-template', text],
      });
      assert.equal(config.webhook?.template, text);
    }
  });

  it('lets an empty flag put out what the environment set', async () => {
    const config = await configOf({ argv: ['--pod-name='], env: { POD_NAME: 'a' } });
    assert.equal(config.ownPod, undefined);
  });
});

describe('wrong flags', () => {
  const cases: readonly [readonly string[], readonly string[]][] = [
    [['--nod-name=x'], ['Unknown flag "--nod-name": did you mean "--node-name"?']],
    [['--nodeName=x'], ['Unknown flag "--nodeName": did you mean "--node-name"?']],
    [['--DRY_RUN'], ['Unknown flag "--DRY_RUN": did you mean "--dry-run"?']],
    [['--frobnicate', 'secret'], ['Unknown flag "--frobnicate": --help lists what there is']],
    [['--http-proxy=http://p'], ['Unknown flag "--http-proxy": --help lists what there is']],
    [
      ['--frobnicate', 'a', 'secret'],
      [
        'Unknown flag "--frobnicate": --help lists what there is',
        'Unexpected argument after an unknown flag: expected flags only',
      ],
    ],
    [['--pod-name'], ['Cannot set pod-name (flag --pod-name): expected a value after the flag']],
    [['drain'], ['Unexpected argument "drain": expected flags only']],
    [
      ['--', '-'],
      ['Unexpected argument "--": expected flags only', 'Unexpected argument "-": expected flags only'],
    ],
    [['---dry-run'], ['Unexpected argument "---dry-run": expected flags only']],
    [['--dry-run', 'false'], ['Unexpected argument "false" after --dry-run: expected --dry-run=false']],
    [['--dry-run', 'yes'], ['Unexpected argument "yes" after --dry-run: expected --dry-run=true']],
    [
      ['--webhook-headers', '{"A":', '"Bearer secret"}'],
      [
        'Unexpected argument after --webhook-headers: expected one value, in quotes',
        'Cannot set webhook-headers to the value given (flag --webhook-headers): ' +
          'expected a JSON object of header names and texts, such as {"Content-type":"application/json"}',
      ],
    ],
    [
      ['--__proto__=x', '--constructor=y'],
      [
        'Unknown flag "--__proto__": --help lists what there is',
        'Unknown flag "--constructor": --help lists what there is',
      ],
    ],
  ];
  for (const [argv, problems] of cases) {
    it(`reports ${argv.join(' ')}`, async () => {
      assert.deepEqual(await problemsOf({ argv }), problems);
    });
  }
});

describe('help and version', () => {
  for (const flag of ['--help', '-help', '-h', '--help=true']) {
    it(`gives help for ${flag}, whatever else is wrong`, async () => {
      const result = await loadWith({ argv: ['--workers=many', flag], env: { NODE_NAME: '' } });
      assert.equal(result.type, 'help');
    });
  }

  it('tells that the version is asked for', async () => {
    assert.deepEqual(await loadWith({ argv: ['--version'] }), { type: 'version' });
  });

  it('starts for --help=false', async () => {
    assert.equal((await loadWith({ argv: ['--help=false'] })).type, 'config');
  });
});
