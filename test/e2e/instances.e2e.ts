import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { itemsOf, child, field } from '../../src/aws/answers.ts';
import { createAws } from '../../src/aws/aws.ts';
import { Instances } from '../../src/aws/instances.ts';
import { ClockSkew } from '../../src/clock-skew.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { createMetrics } from '../../src/metrics.ts';
import { motoImageId, startMoto } from '../parts/moto.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';

const { signal } = new AbortController();
const tag = 'aws-node-termination-handler/managed';

suite('EC2 as moto has it', { timeout: 20 * 60_000 }, () => {
  test('instances are looked up by id and by tag', async () => {
    const moto = await startMoto();
    const metrics = createMetrics('e2e');
    const skew = new ClockSkew({ against: 'aws' }, { log: recordedLog().log, metrics });
    const credentials = {
      current: () => Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }),
      refused: () => {},
    };
    const aws = createAws(
      { region: 'eu-central-1', endpoint: moto.url, userAgent: 'test', proxyFor: () => undefined },
      { clock, log: recordedLog().log, metrics, skew, credentials },
    );
    try {
      const call = async (action: string, parameters: Record<string, string>) =>
        aws.client.query({ service: 'ec2', action, parameters, signal });
      const launched = await call('RunInstances', {
        ImageId: motoImageId,
        InstanceType: 'm5.large',
        MinCount: '3',
        MaxCount: '3',
        'TagSpecification.1.ResourceType': 'instance',
        'TagSpecification.1.Tag.1.Key': tag,
        'TagSpecification.1.Tag.1.Value': 'a & <b>',
      });
      const ids = itemsOf(child(launched, 'instancesSet')).map((instance) => field(instance, 'instanceId'));
      await call('DeleteTags', { 'ResourceId.1': ids[1] ?? '', 'Tag.1.Key': tag });
      await call('TerminateInstances', { 'InstanceId.1': ids[2] ?? '' });
      const instances = new Instances({ clock, client: aws.client });
      const [first, second, third, nobody] = await Promise.all(
        [...ids, 'i-0123456789abcdef0'].map((id) => instances.describe(id, signal)),
      );
      assert.match(first?.privateDnsName ?? '', /^ip-[0-9-]+\.eu-central-1\.compute\.internal$/);
      assert.deepEqual(
        [first?.state, first?.instanceType, first?.availabilityZone?.slice(0, -1), first?.tags.get(tag)],
        ['running', 'm5.large', 'eu-central-1', 'a & <b>'],
      );
      assert.ok(Math.abs(Date.now() - (first?.launchedAt ?? 0)) < 600_000);
      assert.deepEqual([second?.tags.size, third?.state, nobody], [0, 'terminated', undefined]);
      const tagged: string[] = [];
      for await (const page of instances.idsTaggedWith(tag, signal)) tagged.push(...page);
      assert.deepEqual(new Set(tagged), new Set([ids[0], ids[2]]));
    } finally {
      aws.close();
      await moto.stop();
    }
  });
});
