import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { AwsClient, QueryCall } from '../../src/aws/client.ts';
import { CredentialChain } from '../../src/aws/credentials.ts';
import { systemClock } from '../../src/clock.ts';
import { FakeImds } from '../fakes/imds.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';

let folder = '';
const environment = { ...process.env };

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aws-credentials-'));
});

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  // Whatever the machine has of its own.
  Object.assign(process.env, {
    HOME: folder,
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
  });
});

after(async () => {
  process.env = environment;
  await rm(folder, { recursive: true });
});

/** STS, as far as roles are assumed. */
function fakeSts(expiresInMs = 3_600_000) {
  const calls: QueryCall[] = [];
  const query: AwsClient['query'] = (call) => {
    calls.push(call);
    return Promise.resolve({
      [`${call.action}Result`]: {
        Credentials: {
          AccessKeyId: `ASIA${calls.length}`,
          SecretAccessKey: 'secret',
          SessionToken: 'token',
          Expiration: new Date(systemClock.now() + expiresInMs).toISOString(),
        },
      },
    });
  };
  return { calls, sts: () => ({ query }) };
}

const { log, warnings } = recordedLog();

const noSts = () => {
  throw new Error('STS is asked');
};

test('from the environment', async () => {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
  });
  const { accessKeyId, secretAccessKey, sessionToken } = await new CredentialChain({
    log,
    sts: noSts,
  }).current();
  assert.deepEqual([accessKeyId, secretAccessKey, sessionToken], ['AKID', 'secret', 'token']);
});

test('of a ServiceAccount with a role (IRSA): STS is asked without a signature, once', async () => {
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'eyJhbGciOi');
  Object.assign(process.env, {
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/nth',
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
  });
  const { calls, sts } = fakeSts();
  const chain = new CredentialChain({ log, sts });
  assert.equal((await chain.current()).accessKeyId, 'ASIA1');
  assert.equal((await chain.current()).accessKeyId, 'ASIA1');
  assert.deepEqual(
    calls.map(({ action, credentials, parameters }) => [
      action,
      credentials,
      parameters['RoleArn'],
      parameters['WebIdentityToken'],
    ]),
    [['AssumeRoleWithWebIdentity', 'none', 'arn:aws:iam::123456789012:role/nth', 'eyJhbGciOi']],
  );
});

test('those that AWS refuses are not used again', async () => {
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'eyJhbGciOi');
  Object.assign(process.env, {
    AWS_ROLE_ARN: 'arn:aws:iam::1:role/nth',
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
  });
  const { sts } = fakeSts();
  const chain = new CredentialChain({ log, sts });
  assert.equal((await chain.current()).accessKeyId, 'ASIA1');
  chain.refused();
  assert.equal((await chain.current()).accessKeyId, 'ASIA2');
  assert.equal((await chain.current()).accessKeyId, 'ASIA2');
});

test('of a profile that assumes a role', async () => {
  // The SDK reads each file once.
  const [config, credentials] = [join(folder, 'own-config'), join(folder, 'own-credentials')];
  Object.assign(process.env, { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials });
  await writeFile(
    config,
    '[profile nth]\nrole_arn = arn:aws:iam::1:role/nth\nsource_profile = base\nexternal_id = e1\n',
  );
  await writeFile(credentials, '[base]\naws_access_key_id = AKBASE\naws_secret_access_key = secret\n');
  process.env['AWS_PROFILE'] = 'nth';
  const { calls, sts } = fakeSts();
  assert.equal((await new CredentialChain({ log, sts }).current()).accessKeyId, 'ASIA1');
  const [call] = calls;
  assert.equal(call?.action, 'AssumeRole');
  assert.equal(call.parameters['ExternalId'], 'e1');
  assert.ok(typeof call.credentials === 'object' && call.credentials.accessKeyId === 'AKBASE');
});

test('of EKS Pod Identity', async () => {
  const agent = createServer((request, response) => {
    const isAllowed = request.headers.authorization === 'pod-token' && request.url === '/v1/credentials';
    response.writeHead(isAllowed ? 200 : 401, { 'Content-Type': 'application/json' });
    response.end(
      JSON.stringify({
        AccessKeyId: 'ASIAPOD',
        SecretAccessKey: 'secret',
        Token: 'token',
        Expiration: new Date(systemClock.now() + 3_600_000).toISOString(),
      }),
    );
  });
  await new Promise<void>((resolve) => {
    agent.listen(0, '127.0.0.1', resolve);
  });
  const tokenFile = join(folder, 'pod-token');
  await writeFile(tokenFile, 'pod-token');
  Object.assign(process.env, {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(agent.address() as AddressInfo).port}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
  });
  const { accessKeyId, sessionToken } = await new CredentialChain({ log, sts: noSts }).current();
  assert.deepEqual([accessKeyId, sessionToken], ['ASIAPOD', 'token']);
  agent.close();
  agent.closeAllConnections();
});

test("of the instance's role", async () => {
  await using imds = await FakeImds.start({ allowsVersion1: false }, { clock: systemClock });
  imds.set('iam/security-credentials/', 'node-role');
  imds.set('iam/security-credentials/node-role', {
    Code: 'Success',
    Type: 'AWS-HMAC',
    AccessKeyId: 'ASIAINSTANCE',
    SecretAccessKey: 'secret',
    Token: 'token',
    LastUpdated: new Date(systemClock.now()).toISOString(),
    Expiration: new Date(systemClock.now() + 3_600_000).toISOString(),
  });
  process.env['AWS_EC2_METADATA_DISABLED'] = 'false';
  process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = imds.url;
  const { accessKeyId, sessionToken } = await new CredentialChain({ log, sts: noSts }).current();
  assert.deepEqual([accessKeyId, sessionToken], ['ASIAINSTANCE', 'token']);
});

test('what the SDK warns of is in the log', async () => {
  Object.assign(process.env, {
    AWS_PROFILE: 'nobody',
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
  await assert.rejects(new CredentialChain({ log, sts: noSts }).current());
  assert.match(String(warnings()[0]?.fields['says']), /Multiple credential sources detected/);
});

test('where there are none, an error says so', async () => {
  await assert.rejects(new CredentialChain({ log, sts: noSts }).current());
});
