import type { Instant } from '../../interruption/interruption.ts';
import type { EndedStatus, ReportedPod, ReportStatus, StatusDocument } from '../../status/document.ts';
import { markup, type Html } from './markup.ts';
import { bar, chip, heading, nodeName, podName, table } from './parts.ts';
import { duration, time } from './times.ts';
import { count, kindWords, outcomeWords, podOutcomeWords } from './words.ts';

/** The drains that are over, newest first, each with its report. */
export function endedSection({ ended }: StatusDocument, now: Instant | undefined): Html {
  if (ended.length === 0) {
    return markup`<h2>Earlier</h2>
      <p class="empty">Nothing since the daemon started. The last 50 interruptions will be listed here.</p>`;
  }
  const headings = [
    heading('Node'),
    heading('Outcome'),
    heading('Pods', 'wide'),
    heading('Took', 'wide number'),
    heading('To spare', 'wide number'),
    heading('Ended', 'number'),
  ];
  return markup`<h2>Earlier</h2>
    ${table(
      'Ended, newest first',
      headings,
      ended.map((entry) => row(entry, now)),
    )}`;
}

function row(entry: EndedStatus, now: Instant | undefined): Html {
  const { id, node, interruptions, endedAt, startedAt, outcome, attempts, report } = entry;
  const { word, tone } = outcomeWords(outcome);
  return markup`<tr id="ended-${id}">
      <th scope="row">${nodeName(node)}<small>${interruptions.map(({ kind }) => kindWords(kind)).join(', ')}</small></th>
      <td>${chip(tone, word)}${attempts > 1 && markup`<small>${attempts} attempts</small>`}</td>
      <td class="wide">${report ? outcomeBar(report) : markup`<span class="none">–</span>`}</td>
      <td class="wide number">${duration(endedAt - startedAt)}</td>
      <td class="wide number">${spare(report?.secondsToSpare)}</td>
      <td class="number">${time(endedAt, 'at', now)}<small>${time(endedAt, 'since', now)}</small></td>
    </tr>
    <tr id="ended-${id}-report" class="report">
      <td colspan="6">${reportDetails(entry, now)}</td>
    </tr>`;
}

function spare(seconds: number | undefined): Html {
  if (seconds === undefined) return markup`<span class="none">–</span>`;
  if (seconds < 0) return markup`<span class="late">${duration(-seconds * 1000)} late</span>`;
  return markup`${duration(Math.floor(seconds) * 1000)}`;
}

const left = ['evicted', 'left', 'clamped', 'deleted', 'terminating', 'refused', 'kept'];

function outcomeBar({ outcomes }: ReportStatus): Html {
  const shown = left.filter((outcome) => (outcomes[outcome] ?? 0) > 0);
  if (shown.length === 0) return markup`<span class="none">no pods to move</span>`;
  return markup`${bar(shown.map((outcome) => ({ className: `out-${outcome}`, count: outcomes[outcome] ?? 0 })))}
    <small>${shown.map((outcome) => `${outcomes[outcome]} ${podOutcomeWords(outcome)}`).join(' · ')}</small>`;
}

function reportDetails(entry: EndedStatus, now: Instant | undefined): Html {
  const { id, node, interruptions, cancelled, troubles, report } = entry;
  return markup`<details id="report-${id}">
    <summary>Report<span class="unseen"> of ${node}</span></summary>
    ${
      troubles.length > 0 &&
      markup`<div class="note">
        <p><strong>Left behind</strong></p>
        <ul>
          ${troubles.map((line) => markup`<li>${line}</li>`)}
        </ul>
      </div>`
    }
    <dl class="facts">
      ${interruptions.map(
        ({ kind, id: interruptionId, source, description, seenAt }) =>
          markup`<div>
            <dt>${kindWords(kind)}</dt>
            <dd>
              <bdi class="id">${interruptionId}</bdi> from ${source}, seen ${time(seenAt, 'at', now)}<small
                >${description}</small
              >
            </dd>
          </div>`,
      )}
      ${cancelled.map(
        ({ id: cancelledId, why }) =>
          markup`<div>
            <dt>Over</dt>
            <dd><bdi class="id">${cancelledId}</bdi> ${why}</dd>
          </div>`,
      )}
      ${moments(entry, now)}
      ${
        report?.volumesAttached !== undefined &&
        markup`<div>
          <dt>Volumes still attached</dt>
          <dd>${report.volumesAttached}</dd>
        </div>`
      }
    </dl>
    ${report && report.pods.length > 0 && reportTable(node, report, now)}
  </details>`;
}

function moments(
  { startedAt, markedAt, drainBeganAt, deadline, report }: EndedStatus,
  now: Instant | undefined,
): Html {
  const lines: readonly (readonly [string, Instant | undefined])[] = [
    ['Marked', markedAt],
    ['Drain began', drainBeganAt],
    ['Drain ended', report?.endedAt],
    ['Deadline', deadline],
  ];
  return markup`${lines.map(
    ([word, instant]) =>
      instant !== undefined &&
      markup`<div>
        <dt>${word}</dt>
        <dd>${time(instant, 'at', now)} <span class="after">${after(instant - startedAt)}</span></dd>
      </div>`,
  )}`;
}

function after(ms: number): string {
  return ms < 0 ? '' : `+${duration(ms)}`;
}

function reportTable(node: string, { pods, podsNotListed }: ReportStatus, now: Instant | undefined): Html {
  const headings = [
    heading('Pod'),
    heading('Outcome'),
    heading('Asked', 'wide'),
    heading('Gone after', 'number'),
    heading('Grace', 'wide number'),
  ];
  return markup`${table(
    `What became of the pods of ${node}`,
    headings,
    pods.map((pod) => podRow(pod, now)),
  )}
  ${podsNotListed > 0 && markup`<p class="cut">and ${count(podsNotListed, 'more pod')}: those that stay, or left as they were asked</p>`}`;
}

function podRow(pod: ReportedPod, now: Instant | undefined): Html {
  const { outcome, because, owner, askedAt, goneAt, graceSeconds, refusals, isLeftBehind } = pod;
  // Why one that left was to leave is nothing that anybody asks afterwards.
  const isExplained = isLeftBehind || outcome === 'left';
  return markup`<tr class="${isLeftBehind && 'behind'}">
    <th scope="row">${podName(pod)}${owner !== undefined && markup`<small>${owner}</small>`}</th>
    <td>
      <span class="state out-${outcome}">${podOutcomeWords(outcome)}</span>
      ${isExplained && markup`<small>${because}</small>`}
      ${refusals > 0 && markup`<small>refused ${count(refusals, 'time')}</small>`}
    </td>
    <td class="wide">${time(askedAt, 'at', now)}</td>
    <td class="number">${askedAt === undefined || goneAt === undefined ? markup`<span class="none">–</span>` : duration(goneAt - askedAt)}</td>
    <td class="wide number">${graceSeconds === undefined ? markup`<span class="none">–</span>` : `${graceSeconds} s`}</td>
  </tr>`;
}
