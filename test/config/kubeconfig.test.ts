import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';

const usable = {
  'current-context': 'mine',
  contexts: [{ name: 'mine', context: { cluster: 'here', user: 'me' } }],
  clusters: [{ name: 'here', cluster: { server: 'https://10.0.0.1:443' } }],
  users: [{ name: 'me', user: { token: 's3cret' } }],
};

function load(text: string | Error) {
  return loadConfig(['--kubeconfig=/etc/kube'], { NODE_NAME: 'node-1' }, async (path) => {
    assert.equal(path, '/etc/kube');
    if (typeof text === 'string') return text;
    throw text;
  });
}

async function problemWith(text: string | Error): Promise<string> {
  const result = await load(text);
  assert.equal(result.type, 'problems');
  assert.equal(result.problems.length, 1);
  return result.problems[0] ?? '';
}

describe('a kubeconfig', () => {
  it('is taken in JSON and in YAML', async () => {
    assert.equal((await load(JSON.stringify(usable))).type, 'config');
    const yaml = [
      'current-context: mine',
      'contexts: [{ name: mine, context: { cluster: here } }]',
      'clusters:',
      '- name: here',
      '  cluster: { server: "http://localhost:8001/path" }',
    ].join('\n');
    assert.equal((await load(yaml)).type, 'config');
  });

  const refused: readonly (readonly [string, string | Error, string])[] = [
    [
      'that is missing',
      new Error("ENOENT: no such file, open '/etc/kube'"),
      "it can't be read: ENOENT: no such file",
    ],
    ['that is empty', '', 'it has no current-context'],
    ['that is a list', '[]', 'it has no current-context'],
    ['that is no YAML', 'a: [', "it can't be read: "],
    ['that is huge', 'a'.repeat(1024 * 1024 + 1), 'it is longer than 1048576 bytes'],
    [
      'without its context',
      JSON.stringify({ ...usable, contexts: null }),
      'none of its contexts is the current-context',
    ],
    [
      'without its cluster',
      JSON.stringify({ ...usable, clusters: [{ name: 'there' }] }),
      "none of its clusters is the current context's",
    ],
    [
      'without a server',
      JSON.stringify({ ...usable, clusters: [{ name: 'here', cluster: { server: 's3cret' } }] }),
      "the current context's cluster has no server that is a URL",
    ],
  ];
  for (const [which, text, because] of refused) {
    it(`${which} is refused in one line that says why`, async () => {
      const problem = await problemWith(text);
      const start =
        'Cannot set kubeconfig to "/etc/kube" (flag --kubeconfig): expected a kubeconfig file, but ';
      assert.ok(problem.startsWith(start + because), problem);
      assert.doesNotMatch(problem, /s3cret|\n/u);
    });
  }

  it('and other problems are told at once', async () => {
    const argv = ['--kubeconfig=/etc/kube', '--metadata-tries=x'];
    const result = await loadConfig(argv, { NODE_NAME: 'node-1' }, async () => '');
    assert.equal(result.type, 'problems');
    assert.equal(result.problems.length, 2);
  });
});
