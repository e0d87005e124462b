import assert from 'node:assert/strict';
import { it } from 'node:test';
import { configOf, loaded } from './load-with.ts';

const flag = ['--metadata-tries=4'];
const env = { METADATA_TRIES: '5' };
const file = 'metadata-tries: 6';

const cases = [
  { given: {}, tries: 3, from: 'the default' },
  { given: { file }, tries: 6, from: 'the file' },
  { given: { env }, tries: 5, from: 'the environment' },
  { given: { env, file }, tries: 5, from: 'the environment over the file' },
  { given: { argv: flag }, tries: 4, from: 'the flag' },
  { given: { argv: flag, file }, tries: 4, from: 'the flag over the file' },
  { given: { argv: flag, env }, tries: 4, from: 'the flag over the environment' },
  { given: { argv: flag, env, file }, tries: 4, from: 'the flag over both' },
  { given: { env: { METADATA_TRIES: '' }, file }, tries: 6, from: 'the file under an empty variable' },
];

for (const { given, tries, from } of cases) {
  it(`takes a value from ${from}`, async () => {
    assert.equal((await configOf(given)).imds.tries, tries);
  });
}

it('lets a default value that was given win over what is below it', async () => {
  const config = await configOf({ argv: ['--dry-run=false'], env: { DRY_RUN: 'true' } });
  assert.equal(config.dryRun, false);
});

it('takes the file that a flag names rather than that of the environment', async () => {
  const { effective } = await loaded({
    argv: ['--config', '/etc/nth.yaml'],
    env: { NTH_CONFIG: '/elsewhere' },
    file,
  });
  assert.equal(effective['metadata-tries'], 6);
});
