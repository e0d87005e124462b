import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, problemsOf } from './load-with.ts';

describe('a configuration file', () => {
  const contents = {
    YAML: 'node-name: node-9\ndry-run: true\nmetadata-tries: 7\npod-name: "1"\nprobes-server-port: "81"\nenable-probes-server: true',
    'YAML with braces':
      '{node-name: node-9, dry-run: true, metadata-tries: 7, pod-name: "1", probes-server-port: 81, enable-probes-server: true}',
    JSON: '{"node-name":"node-9","dry-run":true,"metadata-tries":7,"pod-name":"1","probes-server-port":81,"enable-probes-server":"true"}',
    'JSON after a blank line':
      '\n  {"node-name":"node-9","dry-run":1,"metadata-tries":"7","pod-name":1,"probes-server-port":81,"enable-probes-server":"T"}\n',
  };
  for (const [kind, file] of Object.entries(contents)) {
    it(`may be ${kind}`, async () => {
      const config = await configOf({ env: { NODE_NAME: '' }, file });
      assert.equal(config.nodeName, 'node-9');
      assert.equal(config.dryRun, true);
      assert.equal(config.imds.tries, 7);
      assert.equal(config.ownPod?.name, '1');
      assert.equal(config.http.probesPort, 81);
    });
  }

  for (const file of ['', '\n', '# nothing\n', '---\n', 'null', '{}']) {
    it(`may be empty: ${JSON.stringify(file)}`, async () => {
      assert.equal((await configOf({ file })).nodeName, 'node-1');
    });
  }

  it('may leave options empty', async () => {
    assert.equal(
      (await configOf({ file: 'metadata-tries:\ntaint-effect: ""\nworkers: null' })).imds.tries,
      3,
    );
  });

  it('may have as a mapping what is JSON in a flag', async () => {
    const file = 'webhook-url: http://hooks\nwebhook-headers:\n  Authorization: Bearer x\n';
    assert.deepEqual((await configOf({ file })).webhook?.headers, { Authorization: 'Bearer x' });
  });
});

describe('a file that can not be used', () => {
  const cannotRead = 'Cannot read configuration file "/etc/nth.yaml": ';
  const cases: readonly [string, string, readonly string[]][] = [
    ['a list', '- a', [`${cannotRead}expected a mapping from option names to values`]],
    ['a text', 'dry-run', [`${cannotRead}expected a mapping from option names to values`]],
    [
      'broken YAML',
      'dry-run: true\n  workers: 3\n',
      [`${cannotRead}Nested mappings are not allowed in compact mappings at line 1, column 10`],
    ],
    ['a key twice', 'workers: 3\nworkers: 4\n', [`${cannotRead}Map keys must be unique at line 2, column 1`]],
    [
      'broken YAML beside a secret',
      'webhook-url: |https://hooks/secret\n',
      [`${cannotRead}Block scalar header includes extra characters at line 1, column 15`],
    ],
    [
      'two documents',
      'workers: 3\n---\nworkers: 4\n',
      [
        `${cannotRead}Source contains multiple documents; please use YAML.parseAllDocuments() at line 2, column 1`,
      ],
    ],
    ['a file that is too long', `# ${'x'.repeat(65_536)}`, [`${cannotRead}it is longer than 65536 bytes`]],
    [
      'an unknown option',
      'nodeName: x',
      ['Unknown option "nodeName" (file "/etc/nth.yaml"): did you mean "node-name"?'],
    ],
    [
      'an option that is not for files',
      'config: x\nhelp: true\nno-proxy: y',
      [
        'Unknown option "config" (file "/etc/nth.yaml"): --help lists what there is',
        'Unknown option "help" (file "/etc/nth.yaml"): --help lists what there is',
        'Unknown option "no-proxy" (file "/etc/nth.yaml"): --help lists what there is',
      ],
    ],
    [
      'a value that holds itself',
      'node-name: &a [*a]',
      ['Cannot set node-name (file "/etc/nth.yaml"): expected a plain value'],
    ],
  ];
  for (const [kind, file, problems] of cases) {
    it(`is told: ${kind}`, async () => {
      assert.deepEqual(await problemsOf({ file }), problems);
    });
  }

  for (const [kind, file] of [
    ['YAML', '__proto__: {dry-run: true}\nconstructor: {prototype: {x: 1}}\n'],
    ['JSON', '{"__proto__":{"dry-run":true},"constructor":{"prototype":{"x":1}}}'],
  ] as const) {
    it(`changes no prototype: ${kind}`, async () => {
      assert.deepEqual(await problemsOf({ file }), [
        'Unknown option "__proto__" (file "/etc/nth.yaml"): --help lists what there is',
        'Unknown option "constructor" (file "/etc/nth.yaml"): --help lists what there is',
      ]);
      assert.equal('x' in {}, false);
      assert.equal('dry-run' in {}, false);
    });
  }

  for (const [option, value] of [
    ['webhook-headers', '{__proto__: polluted}'],
    ['webhook-headers', '{A: b, __proto__: {C: d}}'],
    ['kubernetes-events-extra-annotations', 'a=b,__proto__=c'],
  ] as const) {
    it(`changes no prototype from inside a value: ${value}`, async () => {
      const [problem, ...others] = await problemsOf({ file: `${option}: ${value}` });
      assert.match(problem ?? '', new RegExp(`^Cannot set ${option} to `, 'u'));
      assert.deepEqual(others, []);
    });
  }

  it('survives aliases that unfold into billions', async () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `k${level + 1}: &k${level + 1} [*k${level}, *k${level}]`,
    );
    const problems = await problemsOf({ file: `k0: &k0 [x]\n${levels.join('\n')}\n` });
    assert.deepEqual(problems, [`${cannotRead}Excessive alias count indicates a resource exhaustion attack`]);
  });

  for (const [kind, file] of [
    ['YAML', `pod-name: ${'['.repeat(60_000)}`],
    ['JSON', `{"pod-name":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
  ] as const) {
    it(`survives ${kind} nested without end`, async () => {
      assert.equal((await problemsOf({ file })).length, 1);
    });
  }
});
