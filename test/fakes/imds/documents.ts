import type { Answer } from '../http-listener.ts';

export const metadataRoot = '/latest/meta-data/';

/** What an ordinary Spot instance without any news shows. */
export const identityDocuments: Readonly<Record<string, unknown>> = {
  '/latest/dynamic/instance-identity/document': {
    accountId: '123456789012',
    architecture: 'x86_64',
    availabilityZone: 'eu-central-1a',
    imageId: 'ami-0123456789abcdef0',
    instanceId: 'i-0123456789abcdef0',
    instanceType: 'm6i.large',
    pendingTime: '2029-12-31T12:00:00Z',
    privateIp: '10.0.1.23',
    region: 'eu-central-1',
    version: '2017-09-30',
  },
  'events/maintenance/scheduled': '[]',
  'events/maintenance/history': '[]',
  'instance-id': 'i-0123456789abcdef0',
  'instance-life-cycle': 'spot',
  'instance-type': 'm6i.large',
  'local-hostname': 'ip-10-0-1-23.eu-central-1.compute.internal',
  'local-ipv4': '10.0.1.23',
  'placement/availability-zone': 'eu-central-1a',
  'public-hostname': 'ec2-203-0-113-25.eu-central-1.compute.amazonaws.com',
  'public-ipv4': '203.0.113.25',
};

/** The page that IMDS sends with an error. */
export function page(code: number, title: string): Answer {
  const body = `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>${code} - ${title}</title>
 </head>
 <body>
  <h1>${code} - ${title}</h1>
 </body>
</html>
`;
  return { code, body, headers: { 'Content-Type': 'text/html' } };
}
