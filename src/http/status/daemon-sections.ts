import type { Instant } from '../../interruption/interruption.ts';
import type { ConfigEntry, SourceStatus, StatusDocument } from '../../status/document.ts';
import { markup, type Html } from './markup.ts';
import { chip, heading, nodeName, table } from './parts.ts';
import { age, time } from './times.ts';
import { count, outcomeWords, type Tone } from './words.ts';

/** The whole page in one sentence: also the title of its tab, and what a screen reader is told when it changes. */
export function headline({ counts, health, daemon }: StatusDocument): string {
  if (health.stuck.length > 0) return 'The daemon is stuck';
  if (counts.running === 0) return health.notReady.length > 0 ? 'Not everything is there' : 'All quiet';
  const nodes = count(counts.running, 'node');
  const verb = daemon.dryRun ? 'rehearsed' : 'taken out of service';
  const blocked = counts.blocked === 0 ? '' : `, ${counts.blocked} blocked`;
  return `${nodes} being ${verb}${blocked}`;
}

export function headlineSection(document: StatusDocument, now: Instant | undefined): Html {
  const { health, daemon, counts, ended } = document;
  const troubles = [...health.stuck, ...health.notReady];
  return markup`<h1>${headline(document)}</h1>
    ${counts.running === 0 && markup`<p class="lead">${lastSentence(ended, now)}</p>`}
    ${
      troubles.length > 0 &&
      markup`<div class="note">
        <p><strong>${health.stuck.length > 0 ? 'Only a restart helps' : 'Not ready'}</strong></p>
        <ul>
          ${troubles.map((line) => markup`<li>${line}</li>`)}
        </ul>
      </div>`
    }
    ${daemon.isStopping && markup`<p class="lead">The daemon is stopping: no new interruptions are taken, what runs goes on.</p>`}`;
}

function lastSentence(ended: StatusDocument['ended'], now: Instant | undefined): Html {
  const [last] = ended;
  if (!last) return markup`No interruption since the daemon started.`;
  return markup`Last: ${nodeName(last.node)}, ${outcomeWords(last.outcome).word}
    ${time(last.endedAt, 'since', now)}.`;
}

/** A source that polls answers many times a minute; a queue's long poll takes 20 s. */
const silentMs = 60_000;

export function sourcesSection({ sources, at }: StatusDocument, now: Instant | undefined): Html {
  if (sources.length === 0)
    return markup`<h2>Sources</h2>
      <p class="empty">No source has been asked yet.</p>`;
  const hasQueue = sources.some(({ queue }) => queue !== undefined);
  const headings = [
    heading('Source'),
    heading('State'),
    heading('Last answer'),
    ...(hasQueue ? [heading('In hand')] : []),
    heading('Failed requests', 'wide number'),
    heading('Unreadable', 'wide number'),
  ];
  return markup`<h2>Sources</h2>
    ${table(
      'Sources of interruptions',
      headings,
      sources.map((source) => sourceRow(source, at, now)),
    )}`;
}

const sourceNames: Readonly<Record<string, string>> = {
  imds: 'Instance metadata service',
  sqs: 'SQS queue',
};

function sourceRow(source: SourceStatus, at: Instant, now: Instant | undefined): Html {
  const { name, lastAnswerAt, errors, unreadable, queue } = source;
  const [tone, word] = stateOf(source, at);
  return markup`<tr>
    <th scope="row">${sourceNames[name] ?? name}</th>
    <td>${chip(tone, word)}</td>
    <td>${time(lastAnswerAt, 'since', now)}</td>
    ${queue && markup`<td>${inHand(queue)}</td>`}
    <td class="wide number">${errors}</td>
    <td class="wide number">${unreadable}</td>
  </tr>`;
}

function inHand({ held, oldestAgeSeconds }: NonNullable<SourceStatus['queue']>): string {
  if (held === 0) return 'no messages';
  return `${count(held, 'message')}, the oldest sent ${age(Math.floor(oldestAgeSeconds))} ago`;
}

function stateOf({ lastAnswerAt }: SourceStatus, at: Instant): [Tone, string] {
  if (lastAnswerAt === undefined) return ['warn', 'has not answered yet'];
  return at - lastAnswerAt > silentMs ? ['bad', 'does not answer'] : ['good', 'answers'];
}

export function configSection({ config }: StatusDocument): Html {
  const set = config.filter(({ isSet }) => isSet);
  const others = config.filter(({ isSet }) => !isSet);
  return markup`<h2>Configuration</h2>
    <p class="lead">
      ${set.length === 0 ? 'Every option has its default.' : `${count(set.length, 'option')} differ${set.length === 1 ? 's' : ''} from the default.`}
      Secrets are not shown.
    </p>
    ${set.length > 0 && table('Options that differ from their defaults', [heading('Option'), heading('Value')], set.map(optionRow))}
    <details id="defaults">
      <summary>
        ${count(others.length, 'option')} with ${others.length === 1 ? 'its' : 'their'} default
      </summary>
      ${table('Options with their defaults', [heading('Option'), heading('Value')], others.map(optionRow))}
    </details>`;
}

function optionRow({ name, value }: ConfigEntry): Html {
  return markup`<tr>
    <th scope="row"><code>${name}</code></th>
    <td>${shownValue(value)}</td>
  </tr>`;
}

function shownValue(value: unknown): Html {
  if (value === null || value === undefined) return markup`<span class="none">not set</span>`;
  if (value === '') return markup`<span class="none">empty</span>`;
  return markup`<code>${typeof value === 'string' ? value : JSON.stringify(value)}</code>`;
}
