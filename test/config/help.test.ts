import assert from 'node:assert/strict';
import { it } from 'node:test';
import { helpText } from '../../src/config/help.ts';
import { optionNames, schema } from '../../src/config/schema.ts';

const help = helpText();

it('names every flag and every variable', () => {
  for (const name of optionNames) {
    const { arg, env, envAlias } = schema[name];
    if (arg !== undefined) assert.match(help, new RegExp(String.raw`^  --${arg}\b`, 'mu'));
    for (const variable of [env, envAlias]) {
      if (variable !== undefined) assert.ok(help.includes(variable), variable);
    }
  }
});

it('fits in 100 columns, but for the one word that does not', () => {
  const tooLong = help.split('\n').filter((line) => line.length > 100 && line.trim().includes(' '));
  assert.deepEqual(tooLong, []);
});

it('shows an option with its value, variable, meaning, range and default', () => {
  assert.ok(
    help.includes(`
  --sqs-msg-visibility-timeout-sec=NUMBER  (SQS_MSG_VISIBILITY_TIMEOUT_SEC)
      Seconds for which a received message is hidden from other receivers; extended while its node
      drains. From 1 to 119.`),
  );
  assert.ok(
    help.includes(
      '--grace-period=NUMBER  (GRACE_PERIOD)\n      Deprecated, use pod-termination-grace-period.',
    ),
  );
  assert.ok(help.includes('\n  HTTPS_PROXY or https_proxy\n'));
});
