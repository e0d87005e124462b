import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import goldens from '../fixtures/templates/templates.json' with { type: 'json' };
import { TemplateError } from '../../src/notify/template/template-error.ts';
import { zeroOf } from '../../src/notify/template/zero.ts';
import { webhookDataType } from '../../src/notify/webhook-types.ts';
import { functions, webhookTemplate } from './notices.ts';

const data = zeroOf(webhookDataType);

const pieces =
  `{{ }} {{- -}} ( ) | , := = "a" \`b\` 'c' " \` ' $ $x . .Kind .Pods .Nope .. /* */ \\ 1 -2 0x 1.5 1e3 🙂 \0
  if else end range with define block template break continue nil true`.split(/\s+/);
const actions = [
  '{{ if .Kind }}',
  '{{ range .Pods }}',
  '{{ end }}',
  '{{ else }}',
  '{{ $x := .Pods }}',
  '{{ range 3 }}',
];
const piece = fc.constantFrom(' ', '\n', ...pieces, ...actions, ...functions.keys());
const soup = fc.array(piece, { maxLength: 25 }).map((chosen) => chosen.join(' '));
/** A template that there is, with something put in or taken out. */
const mutant = fc
  .tuple(fc.constantFrom(...goldens), fc.nat(), fc.nat(8), piece)
  .map(([source, at, gone, put]) => {
    const from = at % (source.length + 1);
    return source.slice(0, from) + put + source.slice(from + gone);
  });

/** Nothing but an error with a place in the template; the limits of the run see to its end. */
function runs(source: string): void {
  try {
    const output = webhookTemplate(source).execute(data);
    assert.equal(typeof output, 'string');
  } catch (error) {
    assert.ok(error instanceof TemplateError, `${JSON.stringify(source)}: ${String(error)}`);
    assert.ok(error.line >= 1 && error.column >= 1);
    assert.match(error.message, /^line \d+, column \d+: /);
  }
}

test('whatever is given as a template ends in a text or in an error with its place', () => {
  fc.assert(fc.property(fc.oneof(soup, mutant, fc.string()), runs), { numRuns: 4_000 });
});

const runaways: Readonly<Record<string, string>> = {
  'a range over everything': '{{ range 9223372036854775807 }}x{{ end }}',
  'ranges within ranges': '{{ range 1000 }}{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}{{ end }}',
  'a list without end': '{{ until 2147483647 }}',
  'a text without end': '{{ repeat 2147483647 "x" }}',
  'a text that doubles': '{{ $x := "xxxxxxxx" }}{{ range 60 }}{{ $x = printf "%s%s" $x $x }}{{ end }}',
  'a text that is replaced by itself': '{{ $x := repeat 100000 "x" }}{{ replace "x" $x $x }}',
  'a width without end': '{{ printf "%999999999d" 1 }}{{ printf "%999999999d" 1 }}',
  'templates that call each other':
    '{{ define "a" }}{{ template "b" . }}{{ end }}{{ define "b" }}{{ template "a" . }}{{ end }}{{ template "a" . }}',
  'a pattern that backtracks elsewhere': '{{ regexMatch "^(a|a)*$" (printf "%sb" (repeat 30000 "a")) }}',
  'pieces of a negative size':
    '{{ chunk -7 (list 1 2 3) }}{{ chunk -1 (list 1 2 3 4) }}{{ chunk 0 (list 1) }}',
  'spaces in the middle': '{{ printf "x%sx" (repeat 300000 " ") | trim }}',
  'numbers that are none':
    '{{ $n := repeat 300000 "1" }}{{ int $n }}{{ float64 (cat $n "x") }}{{ atoi $n }}{{ durationRound $n }}{{ toDecimal $n }}{{ duration $n }}',
  'deep parentheses': `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`,
  'deep branches': '{{ if true }}'.repeat(50_000),
  'many else ifs': `{{ if true }}${'{{ else if true }}'.repeat(50_000)}{{ end }}`,
  'a long chain': `{{ $${'.a'.repeat(50_000)} }}`,
  'a list in a list in a list':
    '{{ $l := list }}{{ range 5000 }}{{ $l = list $l }}{{ end }}{{ toJson $l }}{{ $l }}',
};

for (const [name, source] of Object.entries(runaways))
  test(`runs away no further: ${name}`, () => runs(source));
