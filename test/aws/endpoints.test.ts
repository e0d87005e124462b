import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointOf, queueEndpoint, type AwsService } from '../../src/aws/endpoints.ts';

const rows: readonly [service: AwsService, region: string, fips: boolean, dualStack: boolean, url: string][] =
  [
    ['sqs', 'eu-central-1', false, false, 'https://sqs.eu-central-1.amazonaws.com/'],
    ['ec2', 'us-east-1', true, false, 'https://ec2-fips.us-east-1.amazonaws.com/'],
    ['autoscaling', 'us-west-2', false, true, 'https://autoscaling.us-west-2.api.aws/'],
    ['sts', 'us-west-2', true, true, 'https://sts-fips.us-west-2.api.aws/'],
    ['sqs', 'cn-north-1', false, false, 'https://sqs.cn-north-1.amazonaws.com.cn/'],
    ['ec2', 'cn-northwest-1', false, true, 'https://ec2.cn-northwest-1.api.amazonwebservices.com.cn/'],
    ['sqs', 'us-gov-west-1', true, false, 'https://sqs.us-gov-west-1.amazonaws.com/'],
    ['sqs', 'us-gov-west-1', true, true, 'https://sqs-fips.us-gov-west-1.api.aws/'],
    ['ec2', 'us-iso-east-1', false, false, 'https://ec2.us-iso-east-1.c2s.ic.gov/'],
    ['ec2', 'us-isob-east-1', false, false, 'https://ec2.us-isob-east-1.sc2s.sgov.gov/'],
    ['ec2', 'eusc-de-east-1', false, false, 'https://ec2.eusc-de-east-1.amazonaws.eu/'],
  ];

for (const [service, region, useFips, useDualStack, url] of rows) {
  test(`${service} in ${region}${useFips ? ', FIPS' : ''}${useDualStack ? ', dual stack' : ''}`, () => {
    assert.equal(endpointOf(service, { region, useFips, useDualStack }).href, url);
  });
}

test('an endpoint that is given goes before all, but roles are assumed where they always are', () => {
  const options = { region: 'eu-central-1', endpoint: 'http://localhost:4566' };
  assert.equal(endpointOf('ec2', options).href, 'http://localhost:4566/');
  assert.equal(endpointOf('sts', options).href, 'https://sts.eu-central-1.amazonaws.com/');
});

const queues: readonly [queueUrl: string, endpoint: string][] = [
  ['https://sqs.eu-central-1.amazonaws.com/123456789012/q', 'https://sqs.eu-central-1.amazonaws.com/'],
  ['https://queue.amazonaws.com/123456789012/q', 'https://sqs.eu-central-1.amazonaws.com/'],
  ['https://eu-central-1.queue.amazonaws.com/123456789012/q', 'https://sqs.eu-central-1.amazonaws.com/'],
  [
    'https://vpce-0a.sqs.eu-central-1.vpce.amazonaws.com/123456789012/q',
    'https://vpce-0a.sqs.eu-central-1.vpce.amazonaws.com/',
  ],
  ['http://localhost:4566/000000000000/q', 'http://localhost:4566/'],
  ['https://sqs.example.com/1/q', 'https://sqs.example.com/'],
];

for (const [queueUrl, endpoint] of queues) {
  test(`the queue ${queueUrl} is asked at ${endpoint}`, () => {
    assert.equal(queueEndpoint(queueUrl, { region: 'eu-central-1' }).href, endpoint);
  });
}

test('a queue is asked at the FIPS endpoint where that is wished, whatever its URL names', () => {
  const options = { region: 'us-east-1', useFips: true };
  assert.equal(
    queueEndpoint('https://sqs.us-east-1.amazonaws.com/1/q', options).href,
    'https://sqs-fips.us-east-1.amazonaws.com/',
  );
});
