import type { Ec2Instance } from './instance.ts';

/**
 * Parts of an instance that have elements of the same names as the instance itself. The first holds some of the
 * others within it.
 */
const inner = ['networkInterfaceSet', 'blockDeviceMapping', 'groupSet', 'capacityReservationSpecification'];

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * The instances in an answer to DescribeInstances, whose text is 4 KB for each of them. Found by searching, in
 * whatever order their elements are: a tree of it would cost a hundred times as much, and hardly a twentieth of it is
 * wanted. In XML a `<` is never part of a text.
 */
export function* readInstances(answer: string): Generator<Ec2Instance, void, undefined> {
  const beginning = '<instancesSet>';
  for (let at = answer.indexOf(beginning); at >= 0; at = answer.indexOf(beginning, at + 1)) {
    const end = answer.indexOf('</instancesSet>', at);
    for (const item of itemsOf(answer, at, end < 0 ? answer.length : end)) yield readInstance(item);
  }
}

/** Only their ids, where there are thousands: each instance has one, and nothing else in the answer has. */
export function readInstanceIds(answer: string): string[] {
  const beginning = '<instanceId>';
  const ids: string[] = [];
  for (let at = answer.indexOf(beginning); at >= 0; at = answer.indexOf(beginning, at)) {
    at += beginning.length;
    ids.push(copied(answer.slice(at, answer.indexOf('<', at)).trim()));
  }
  return ids;
}

/** What is within each `<item>` between the two places, but for items of items. */
function* itemsOf(text: string, from: number, to: number): Generator<string, void, undefined> {
  const [opening, closing] = ['<item>', '</item>'];
  let start = 0;
  let depth = 0;
  let opened = text.indexOf(opening, from);
  let closed = text.indexOf(closing, from);
  while (closed >= 0 && closed < to) {
    if (opened >= 0 && opened < closed) {
      depth += 1;
      if (depth === 1) start = opened + opening.length;
      opened = text.indexOf(opening, opened + 1);
    } else {
      depth -= 1;
      if (depth === 0) yield text.slice(start, closed);
      closed = text.indexOf(closing, closed + 1);
    }
  }
}

/** Where the next page begins; undefined on the last one. */
export function nextTokenOf(answer: string): string | undefined {
  return textOf(answer, 'nextToken');
}

function readInstance(element: string): Ec2Instance {
  const withTags = inner.reduce(without, element);
  const tags = elementOf(withTags, 'tagSet') ?? '';
  const own = without(withTags, 'tagSet');
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
