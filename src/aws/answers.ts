import { XMLParser } from 'fast-xml-parser';
import { AwsError, kindOf } from './error.ts';

export interface RawAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Names and numbers stay the text that they are; what AWS calls a list is one, however many are in it. */
const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  isArray: (name) => name === 'item' || name === 'member',
});

/** An answer in JSON. @throws AwsError */
export function readJson(call: string, { statusCode, headers, body }: RawAnswer): unknown {
  const value = body === '' ? {} : parseJson(body);
  if (statusCode === 200 && value !== undefined) return value;
  const type = field(value, '__type') || field(value, 'code') || headerOf(headers, 'x-amzn-errortype');
  const code = (type.split('#').at(-1) ?? '').split(':')[0] ?? '';
  throw errorOf(call, statusCode, code, field(value, 'message') || field(value, 'Message') || excerpt(body));
}

/** The element that an answer in XML consists of, as an object. @throws AwsError */
export function readXml(call: string, { statusCode, body }: RawAnswer): unknown {
  const root = parseXml(body);
  if (statusCode === 200 && root !== undefined) return Object.values(root)[0];
  // EC2 wraps its errors once more than the others do.
  const { Response: ec2, ErrorResponse: others } = root ?? {};
  const error = child(others, 'Error') ?? child(child(ec2, 'Errors'), 'Error');
  throw errorOf(call, statusCode, field(error, 'Code'), field(error, 'Message') || excerpt(body));
}

/** An answer as it is, where it is one. @throws AwsError */
export function readText(call: string, answer: RawAnswer): string {
  if (answer.statusCode === 200 && /^\s*<(?:\?xml|\w+Response)\b/.test(answer.body)) return answer.body;
  readXml(call, answer);
  throw errorOf(call, answer.statusCode, '', excerpt(answer.body));
}

/** The items of an element that is a list, which AWS writes as `<item>` or `<member>`. */
export function itemsOf(element: unknown): readonly unknown[] {
  const items = child(element, 'item') ?? child(element, 'member') ?? [];
  return Array.isArray(items) ? items : [];
}

/** A part of an element or object. */
export function child(element: unknown, name: string): unknown {
  return isObject(element) ? element[name] : undefined;
}

/** A part that is a text; empty where there is none. */
export function field(element: unknown, name: string): string {
  const value = child(element, name);
  return typeof value === 'string' ? value : '';
}

function errorOf(call: string, statusCode: number, code: string, reason: string): AwsError {
  const kind = statusCode === 200 ? 'server' : kindOf(code, statusCode, reason);
  const why = [code, reason].filter((part) => part !== '').join(': ') || 'an empty answer';
  return new AwsError(`Cannot ${call}: ${why} (status ${statusCode})`, { kind, code, statusCode, reason });
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function parseXml(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const root: unknown = parser.parse(body);
    return isObject(root) && Object.keys(root).length > 0 ? root : undefined;
  } catch {
    return undefined;
  }
}

function headerOf(headers: RawAnswer['headers'], name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

/** A proxy's page, for instance. */
function excerpt(body: string): string {
  return body.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
