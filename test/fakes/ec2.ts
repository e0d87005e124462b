import type { Answer } from './http-listener.ts';
import { describeInstances, Ec2Error } from './ec2/describe-instances.ts';
import type { FakeInstance } from './ec2/instance-xml.ts';

export interface Ec2Request {
  readonly action: string;
  readonly parameters: URLSearchParams;
}

const headers = { 'Content-Type': 'text/xml;charset=UTF-8' };

/** EC2's query API, as far as instances are looked up. */
export class FakeEc2 {
  readonly instances = new Map<string, FakeInstance>();

  /** Adds it, or puts it in the place of the one of its id. */
  put(instance: FakeInstance): void {
    this.instances.set(instance.instanceId, instance);
  }

  answer({ action, parameters }: Ec2Request): Answer {
    try {
      if (action !== 'DescribeInstances') {
        throw new Ec2Error('InvalidAction', `The action ${action} is not valid for this web service.`);
      }
      return { code: 200, body: describeInstances(this.instances, parameters), headers };
    } catch (error) {
      if (!(error instanceof Ec2Error)) throw error;
      return ec2Error(error.code, error.message, error.statusCode);
    }
  }
}

export function ec2Error(code: string, message: string, statusCode: number): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>1</RequestID></Response>`;
  return { code: statusCode, body, headers };
}
