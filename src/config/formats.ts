import { interruptionPolicyProblem, type InterruptionPolicySetting } from './interruption-policy.ts';
import { plainPath, plainPathExpectation } from '../endpoint-paths.ts';
import type { OptionDefinition } from './schema/definition.ts';
import { parseHttpUrl, parseProxyUrl } from './urls.ts';

export type LogLevelName = 'debug' | 'info' | 'error';

/** The value that an option of each format has. */
export interface FormatValues {
  readonly 'go-bool': boolean;
  readonly integer: number;
  readonly port: number;
  readonly 'port-text': string;
  readonly text: string;
  readonly choice: string;
  readonly 'interruption-policy': InterruptionPolicySetting;
  readonly list: readonly string[];
  readonly 'http-url': string;
  readonly 'proxy-url': string;
  readonly 'url-path': string;
  readonly 'kubernetes-name': string;
  readonly 'log-level': LogLevelName;
  readonly headers: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export type FormatName = keyof FormatValues;

/**
 * A format as convict registers it. Convict wants two rules kept: `coerce` never throws, it returns the text that it can't
 * read; `validate` then refuses it, with an error whose message says what is expected.
 */
export interface Format {
  coerce?(text: string): unknown;
  validate(value: unknown, option: OptionDefinition): void;
}

/** What Go's strconv.ParseBool takes: https://pkg.go.dev/strconv#ParseBool */
const goBooleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
const kubernetesName = /^(?=.{0,253}$)(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)?$/u;

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set */
const annotationKey =
  /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/iu;

/** https://www.rfc-editor.org/rfc/rfc9110#name-field-names and #name-field-values; what is not ASCII is sent as UTF-8. */
const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/iu;
const headerValue = /^[\t\u0020-\u007E\u0080-\u{10FFFF}]*$/u;

export const formats: Readonly<Record<FormatName, Format>> = {
  'go-bool': {
    coerce: (text) => goBooleans.get(text) ?? text,
    validate: (value) => expect(typeof value === 'boolean', 'true or false'),
  },
  integer: {
    coerce: wholeNumber,
    validate: (value, option) => {
      const { min = -(2 ** 31), max = 2 ** 31 - 1, none } = option;
      const inRange = Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
      expect(
        inRange || (none !== undefined && value === none),
        option.min === undefined && option.max === undefined
          ? 'a whole number of at most 32 bits'
          : `a whole number from ${min} to ${max}${none === undefined ? '' : `, or ${none} for none`}`,
      );
    },
  },
  port: {
    coerce: wholeNumber,
    validate: (value) =>
      expect(
        Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535,
        portExpectation(value),
      ),
  },
  'port-text': {
    validate: (value) =>
      expect(
        value === '' || (/^\d{1,5}$/u.test(String(value)) && Number(value) <= 65_535),
        portExpectation(value),
      ),
  },
  choice: {
    validate: (value, { choices = [] }) =>
      expect(choices.includes(String(value)), `one of ${choices.join(', ')}`),
  },
  'interruption-policy': {
    coerce: jsonValue,
    validate: (value) => {
      const problem = interruptionPolicyProblem(value);
      expect(problem === undefined, problem ?? '');
    },
  },
  text: { validate: (value) => expect(typeof value === 'string', 'a text') },
  list: {
    coerce: (text) => commaSeparated(text),
    validate: (value, { choices }) => {
      const texts = Array.isArray(value) ? (value as unknown[]) : undefined;
      if (!choices) expect(texts !== undefined, 'texts separated by commas');
      else
        expect(
          texts?.every((text) => choices.includes(String(text))),
          `some of ${choices.join(', ')}, separated by commas`,
        );
    },
  },
  'http-url': {
    validate: (value) =>
      expect(
        value === '' || parseHttpUrl(String(value)) !== undefined,
        'a URL that starts with http:// or https://',
      ),
  },
  'proxy-url': {
    validate: (value) =>
      expect(
        value === '' || parseProxyUrl(String(value)) !== undefined,
        'an HTTP proxy such as http://host:port',
      ),
  },
  'url-path': {
    validate: (value) => expect(plainPath.test(String(value)), plainPathExpectation),
  },
  'kubernetes-name': {
    validate: (value) =>
      expect(
        kubernetesName.test(String(value)),
        'a Kubernetes name: at most 253 of the characters a-z, 0-9, "-" and ".", a letter or digit at both ends',
      ),
  },
  'log-level': {
    coerce: (text) => text.toLowerCase(),
    validate: (value) => expect(['debug', 'info', 'error'].includes(String(value)), 'debug, info or error'),
  },
  headers: {
    coerce: jsonValue,
    validate: (value) =>
      expect(
        entries(value)?.every(
          ([name, text]) => headerName.test(name) && typeof text === 'string' && headerValue.test(text),
        ),
        'a JSON object of header names and texts, such as {"Content-type":"application/json"}',
      ),
  },
  annotations: {
    coerce: keyValuePairs,
    validate: (value) => expect(entries(value) !== undefined, 'annotations as key=value,key=value'),
  },
};

function expect(condition: boolean | undefined, expectation: string): void {
  if (condition !== true) throw new TypeError(expectation);
}

function wholeNumber(text: string): unknown {
  return /^[+-]?\d+$/u.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

/**
 * A Service called like the variable makes Kubernetes set it to an address:
 * https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
 */
function portExpectation(value: unknown): string {
  const serviceLink = typeof value === 'string' && value.startsWith('tcp://');
  const hint = ' (a Service of that name sets this variable: put enableServiceLinks: false into the pod)';
  return `a port from 0 to 65535${serviceLink ? hint : ''}`;
}

function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => {
      // Convict's way of copying makes it the prototype of what it copies, where nothing looks at it any more.
      if (key === '__proto__') throw new TypeError('reserved');
      return value;
    });
  } catch {
    return text;
  }
}

function commaSeparated(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function keyValuePairs(text: string): unknown {
  const pairs = commaSeparated(text).map((pair) => /^(?<key>[^=]*)=(?<value>.*)$/su.exec(pair)?.groups);
  if (!pairs.every((pair) => annotationKey.test(pair?.['key']?.trim() ?? ''))) return text;
  return Object.fromEntries(pairs.map((pair) => [pair?.['key']?.trim(), pair?.['value']?.trim()]));
}

/** Undefined where the value is not a plain object. */
function entries(value: unknown): [string, unknown][] | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : undefined;
}
