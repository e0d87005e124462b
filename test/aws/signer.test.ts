import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AwsService } from '../../src/aws/endpoints.ts';
import { signedHeaders } from '../../src/aws/signer.ts';

// AWS's own test suite of Signature Version 4, `post-vanilla` and `post-sts-header-before`.
const request = {
  url: new URL('https://example.amazonaws.com/'),
  service: 'service' as AwsService,
  region: 'us-east-1',
  headers: {},
  body: '',
};
const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const signedAt = Date.parse('2015-08-30T12:36:00Z');

test('signs as the test suite of AWS says', async () => {
  const headers = await signedHeaders(request, credentials, signedAt);
  assert.equal(
    headers['authorization'],
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
      'SignedHeaders=host;x-amz-date, ' +
      'Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  );
});

test('signs and sends the session token of temporary credentials', async () => {
  const sessionToken = 'AQoDYXdzEPT//////////wEXAMPLE';
  const headers = await signedHeaders(request, { ...credentials, sessionToken }, signedAt);
  assert.equal(headers['x-amz-security-token'], sessionToken);
  assert.match(headers['authorization'] ?? '', /SignedHeaders=host;x-amz-date;x-amz-security-token,/);
});
