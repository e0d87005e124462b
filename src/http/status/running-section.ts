import type { Instant } from '../../interruption/interruption.ts';
import {
  podStates,
  type BlockStatus,
  type PodStatus,
  type RunningStatus,
  type StatusDocument,
} from '../../status/document.ts';
import { markup, type Html } from './markup.ts';
import { bar, chip, heading, name, nodeName, podName, table } from './parts.ts';
import { duration, time } from './times.ts';
import { count, kindWords, podStateWords, type Tone } from './words.ts';

/** Drains that are shown with their pods; the others are one line each. */
const mostInFull = 12;

/** What happens now: one card for each node, the one with the least time first. */
export function runningSection(
  { running, runningNotListed, counts }: StatusDocument,
  now: Instant | undefined,
): Html {
  if (counts.running === 0) return markup``;
  const inFull = running.slice(0, mostInFull);
  const inShort = running.slice(mostInFull);
  return markup`<h2>Now</h2>
    ${inFull.map((workflow) => card(workflow, now))} ${inShort.length > 0 && shortTable(inShort, now)}
    ${runningNotListed > 0 && markup`<p class="cut">and ${count(runningNotListed, 'more node')}, whose deadlines are later</p>`}`;
}

function card(workflow: RunningStatus, now: Instant | undefined): Html {
  const { id, node, interruptions, blocks, markTrouble, podCounts, dryRun } = workflow;
  const { tone, word } = phaseOf(workflow);
  const titleId = `node-${id}`;
  return markup`<article id="workflow-${id}" class="card ${tone}" aria-labelledby="${titleId}">
    <header>
      <div>
        <h3 id="${titleId}">${nodeName(node)}</h3>
        <p class="why">
          ${chip(tone, word)}${dryRun && chip('quiet', 'dry run')}
          ${interruptions.map(({ id, kind }) => markup` <span>${kindWords(kind)}</span> <bdi class="id">${id}</bdi>`)}
        </p>
      </div>
      ${deadline(workflow, now)}
    </header>
    ${pods(podCounts)} ${blocks.map((block) => blockNote(block, now))}
    ${markTrouble !== undefined && markup`<p class="note"><strong>The node is not marked:</strong> ${markTrouble}</p>`}
    ${steps(workflow, now)} ${podDetails(workflow, now)}
  </article>`;
}

function deadline(
  { deadline, deadlineIsMachineEnd, waitsUntil }: RunningStatus,
  now: Instant | undefined,
): Html {
  if (waitsUntil !== undefined) {
    return markup`<p class="deadline">
      <span class="left">${time(waitsUntil, 'until', now)}</span> until the drain begins
    </p>`;
  }
  if (deadline === undefined)
    return markup`<p class="deadline"><span class="left none">no deadline</span></p>`;
  const what = deadlineIsMachineEnd ? 'until the machine ends' : 'until its announced start';
  return markup`<p class="deadline"><span class="left">${time(deadline, 'until', now)}</span> ${what}</p>`;
}

function phaseOf(workflow: RunningStatus): { readonly tone: Tone; readonly word: string } {
  const { phase, podCounts, markTrouble, waitsUntil } = workflow;
  if (podCounts.refused + podCounts.kept > 0) return { tone: 'warn', word: 'draining, blocked' };
  if (markTrouble !== undefined) return { tone: 'warn', word: 'cannot be marked' };
  if (waitsUntil !== undefined) return { tone: 'quiet', word: 'waits for its time' };
  return { tone: 'busy', word: phase === 'received' ? 'being marked' : phase };
}

function pods(counts: RunningStatus['podCounts']): Html {
  const shown = podStates.filter((state) => counts[state] > 0);
  if (shown.length === 0) return markup``;
  const leaving = ['gone', 'terminating', 'asking', 'waiting', 'refused', 'kept'] as const;
  return markup`${bar(leaving.map((state) => ({ className: `pods-${state}`, count: counts[state] })))}
    <ul class="legend" aria-label="Pods by state">
      ${[...leaving, 'stays' as const]
        .filter((state) => counts[state] > 0)
        .map(
          (state) => markup`<li class="pods-${state}"><b>${counts[state]}</b> ${podStateWords[state]}</li>`,
        )}
    </ul>`;
}

function blockNote({ reason, podCount, pods, askBy }: BlockStatus, now: Instant | undefined): Html {
  const more = podCount - pods.length;
  return markup`<div class="note">
    <p><strong>${count(podCount, 'pod')} ${podCount === 1 ? 'is' : 'are'} blocked:</strong> ${reason}</p>
    ${pods.length > 0 && markup`<p class="of">${pods.map((pod) => markup`${name(pod)} `)}${more > 0 && `and ${more} more`}</p>`}
    ${askBy !== undefined && markup`<p class="of">Last moment for a whole grace period: ${time(askBy, 'at', now)}, in ${time(askBy, 'until', now)}</p>`}
  </div>`;
}

function steps(workflow: RunningStatus, now: Instant | undefined): Html {
  const { startedAt, markedAt, drainBeganAt, deadline } = workflow;
  const later = (instant: Instant | undefined): string | undefined =>
    instant === undefined ? undefined : `+${duration(instant - startedAt)}`;
  const marked = later(markedAt);
  const began = later(drainBeganAt);
  return markup`<ol class="steps" aria-label="What has happened">
    <li>received ${time(startedAt, 'at', now)}</li>
    ${marked !== undefined && markup`<li>marked <span>${marked}</span></li>`}
    ${began !== undefined && markup`<li>drain began <span>${began}</span></li>`}
    ${deadline !== undefined && markup`<li>deadline ${time(deadline, 'at', now)}</li>`}
  </ol>`;
}

function podDetails(
  { id, node, pods, podsNotListed, podCounts }: RunningStatus,
  now: Instant | undefined,
): Html {
  const listed = pods.filter(({ state }) => state !== 'gone' && state !== 'stays');
  if (listed.length === 0) return markup``;
  const others = podsNotListed + pods.length - listed.length - podCounts.gone - podCounts.stays;
  const headings = [
    heading('Pod'),
    heading('State'),
    heading('Why', 'wide'),
    heading('Asked'),
    heading('Ends by'),
  ];
  return markup`<details id="pods-${id}">
    <summary>Pods that are still there</summary>
    ${table(
      `Pods of ${node}`,
      headings,
      listed.map((pod) => podRow(pod, now)),
    )}
    ${others > 0 && markup`<p class="cut">and ${count(others, 'more pod')}, not listed here</p>`}
  </details>`;
}

function podRow(pod: PodStatus, now: Instant | undefined): Html {
  const { state, because, askedAt, killedAt, clampedToSeconds, owner, refusals } = pod;
  return markup`<tr>
    <th scope="row">${podName(pod)}${owner !== undefined && markup`<small>${owner}</small>`}</th>
    <td><span class="state pods-${state}">${podStateWords[state]}</span></td>
    <td class="wide">${because}${refusals > 0 && markup`<small>refused ${count(refusals, 'time')}</small>`}</td>
    <td>${time(askedAt, 'at', now)}</td>
    <td>
      ${time(killedAt, 'at', now)}${clampedToSeconds !== undefined && markup`<small>cut to ${clampedToSeconds} s</small>`}
    </td>
  </tr>`;
}

function shortTable(workflows: readonly RunningStatus[], now: Instant | undefined): Html {
  const headings = [
    heading('Node'),
    heading('Why', 'wide'),
    heading('Phase'),
    heading('Time left'),
    heading('Pods'),
  ];
  const rows = workflows.map((workflow) => {
    const { id, node, interruptions, podCounts, deadline } = workflow;
    const { tone, word } = phaseOf(workflow);
    const left =
      podStates.reduce((sum, state) => sum + podCounts[state], 0) - podCounts.gone - podCounts.stays;
    return markup`<tr id="workflow-${id}">
      <th scope="row">${nodeName(node)}</th>
      <td class="wide">${interruptions.map(({ kind }) => kindWords(kind)).join(', ')}</td>
      <td>${chip(tone, word)}</td>
      <td>${time(deadline, 'until', now)}</td>
      <td>${podCounts.gone} gone, ${left} to go</td>
    </tr>`;
  });
  return markup`<h3 class="more">And later</h3>
    ${table('More nodes', headings, rows)}`;
}
