import type { Ec2Instance, InstanceNames } from './instance.ts';

/** AWS writes it first of an instance's elements, and nowhere else in the answer. */
const beginning = '<instanceId>';

/** Lists within an instance whose items have elements of the same names as the instance itself. */
const inner = ['networkInterfaceSet', 'blockDeviceMapping', 'groupSet', 'capacityReservationSpecification'];

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * The instances in an answer to DescribeInstances, whose text is 4 KB for each of them. Found by searching: a tree of
 * it would cost a hundred times as much, and hardly a twentieth of it is wanted. In XML a `<` is never part of a text.
 */
export function* readInstances(answer: string): Generator<Ec2Instance, void, undefined> {
  let at = answer.indexOf(beginning);
  while (at >= 0) {
    const next = answer.indexOf(beginning, at + beginning.length);
    yield readInstance(answer.slice(at, next < 0 ? undefined : next));
    at = next;
  }
}

/** Only what a node is found by, for answers with thousands of instances: a tenth of the time. */
export function* readNames(answer: string): Generator<InstanceNames, void, undefined> {
  let at = answer.indexOf(beginning);
  while (at >= 0) {
    const next = answer.indexOf(beginning, at + beginning.length);
    // The instance's own name comes before those of its network interfaces.
    const interfaces = answer.indexOf('<networkInterfaceSet>', at);
    const dnsName = answer.indexOf('<privateDnsName>', at);
    const isOwn = [next, interfaces].every((end) => end < 0 || dnsName < end);
    yield {
      instanceId: textAt(answer, at + beginning.length),
      privateDnsName: dnsName < 0 || !isOwn ? undefined : textAt(answer, dnsName + '<privateDnsName>'.length),
    };
    at = next;
  }
}

/** Where the next page begins; undefined on the last one. */
export function nextTokenOf(answer: string): string | undefined {
  return textOf(answer, 'nextToken');
}

function readInstance(element: string): Ec2Instance {
  const tags = elementOf(element, 'tagSet') ?? '';
  const own = inner.reduce(without, without(element, 'tagSet'));
  const launchedAt = Date.parse(textOf(own, 'launchTime') ?? '');
  return {
    instanceId: textOf(own, 'instanceId') ?? '',
    state: textOf(elementOf(own, 'instanceState') ?? '', 'name') ?? '',
    privateDnsName: textOf(own, 'privateDnsName'),
    availabilityZone: textOf(own, 'availabilityZone'),
    instanceType: textOf(own, 'instanceType'),
    launchedAt: Number.isNaN(launchedAt) ? undefined : launchedAt,
    capacityReservationId: textOf(own, 'capacityReservationId'),
    tags: readTags(tags),
  };
}

function readTags(element: string): ReadonlyMap<string, string> {
  const items = element.matchAll(/<key>([^<]*)<\/key>\s*(?:<value>([^<]*)<\/value>)?/g);
  return new Map([...items].map(([, key = '', value = '']) => [decoded(key), decoded(value)]));
}

function textAt(text: string, from: number): string {
  return copied(text.slice(from, text.indexOf('<', from)).trim());
}

/** What is within the first element of this name. */
function elementOf(text: string, name: string): string | undefined {
  const from = text.indexOf(`<${name}>`);
  if (from < 0) return undefined;
  const to = text.indexOf(`</${name}>`, from);
  return to < 0 ? undefined : text.slice(from + name.length + 2, to);
}

/** undefined where there is none, or an empty one. */
function textOf(text: string, name: string): string | undefined {
  const content = elementOf(text, name)?.trim();
  return content === undefined || content === '' ? undefined : decoded(content);
}

function without(text: string, name: string): string {
  const from = text.indexOf(`<${name}>`);
  const end = `</${name}>`;
  const to = from < 0 ? -1 : text.indexOf(end, from);
  return to < 0 ? text : text.slice(0, from) + text.slice(to + end.length);
}

function decoded(text: string): string {
  if (!text.includes('&')) return copied(text);
  return text.replaceAll(/&(?:#x([0-9a-f]+)|#([0-9]+)|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(String(hex), 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[String(name)] ?? whole;
  });
}

/** V8 keeps the whole of a long text alive for a part of it, unless that is copied. */
function copied(part: string): string {
  return Buffer.from(part).toString();
}
