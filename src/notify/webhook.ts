import { forgetOldest } from '../forget-oldest.ts';
import type { Clock } from '../clock.ts';
import type {
  AttemptEnd,
  WorkflowNews,
  WorkflowObserver,
  WorkflowSummary,
} from '../handling/workflow-observer.ts';
import type { Instant, Interruption, InterruptionKind } from '../interruption/interruption.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { Template } from './template/template.ts';
import { webhookData, type Notice, type NoticeFacts, type WebhookMoment } from './webhook-data.ts';
import { WebhookPosting } from './webhook-posting.ts';
import { WebhookQueue } from './webhook-queue.ts';
import { WebhookRequest, type WebhookRequestOptions } from './webhook-request.ts';
import {
  WebhookTemplate,
  type WebhookTemplateModules,
  type WebhookTemplateOptions,
} from './webhook-template.ts';

export interface WebhookOptions extends WebhookRequestOptions, WebhookTemplateOptions {
  /** When it is posted; NTH: when the work has ended, whether it succeeded or not. */
  readonly moments: readonly WebhookMoment[];
  /** Also in a dry run, which does nothing. */
  readonly inDryRun: boolean;
}

/** What a template asks for beyond the workflow itself. */
export interface WantedFacts {
  readonly nodeLabels: boolean;
  readonly podNames: boolean;
}

export interface WebhookModules extends WebhookTemplateModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'webhookPosts'>;
  /** Who the node is, as far as it can be read in time. @throws nothing but the signal's reason */
  readonly facts: (node: string, wanted: WantedFacts, signal: AbortSignal) => Promise<NoticeFacts>;
}

/** More wait in an outage of the receiver that hits a cluster's whole loss of Spot capacity. */
const mostWaiting = 500;

/** What is queued at the end is given this long. */
const lastPostsMs = 10_000;

/** Of the same trouble of the same node again, nobody needs to be told sooner. */
const repeatMs = 600_000;
const mostRemembered = 1_000;

/** What is most pressing first. */
const kindsByUrgency: readonly InterruptionKind[] = [
  'SPOT_ITN',
  'STATE_CHANGE',
  'ASG_LIFECYCLE',
  'SCHEDULED_EVENT',
  'REBALANCE_RECOMMENDATION',
  'ASG_LAUNCH_LIFECYCLE',
];

const ends: Readonly<Partial<Record<AttemptEnd['outcome'], WebhookMoment>>> = {
  drained: 'done',
  marked: 'done',
  'dry-run': 'done',
  failed: 'failed',
  'deadline-passed': 'failed',
  // Taken back, or none of our business: NTH posts nothing then.
};

/** Posts what happens to nodes. Never holds up the work: everything is done in the background. */
export class Webhook implements WorkflowObserver {
  readonly name = 'webhook';
  readonly #options: WebhookOptions;
  readonly #modules: WebhookModules;
  readonly #template: WebhookTemplate;
  readonly #posting: WebhookPosting;
  readonly #queue: WebhookQueue<Notice>;
  readonly #told = new Map<string, Instant>();
  #hasToldTemplate = false;
  #hasToldJson = false;

  constructor(options: WebhookOptions, modules: WebhookModules) {
    this.#options = options;
    this.#modules = modules;
    this.#template = new WebhookTemplate(options, modules);
    this.#posting = new WebhookPosting({ ...modules, request: new WebhookRequest(options, modules) });
    this.#queue = new WebhookQueue({
      capacity: mostWaiting,
      keyOf: (notice) => notice.workflow.node,
      work: (notice, signal) => this.#post(notice, signal),
      onDropped: (items) => this.#posting.dropped(items),
    });
  }

  observe(news: WorkflowNews, workflow: WorkflowSummary, at: Instant): void {
    if (workflow.dryRun && !this.#options.inDryRun) return;
    if (news.type === 'received') this.#notify('received', news.interruption, workflow, at, undefined);
    if (news.type !== 'attempted') return;
    const interruption = mostPressing(workflow.interruptions);
    const moment = ends[news.outcome];
    if (interruption && moment) this.#notify(moment, interruption, workflow, at, news);
  }

  /** Nothing comes any more: what is queued is posted within a bounded time, or not at all. */
  async end(): Promise<void> {
    const timer = new AbortController();
    const timeUp = this.#modules.clock.sleep(lastPostsMs, timer.signal).catch(() => {});
    await Promise.race([this.#queue.emptied(), timeUp]);
    timer.abort();
    await this.#queue.kill();
  }

  #notify(
    moment: WebhookMoment,
    interruption: Interruption,
    workflow: WorkflowSummary,
    at: Instant,
    end: AttemptEnd | undefined,
  ): void {
    // What waits for a launched instance drains nothing.
    if (!this.#options.moments.includes(moment) || interruption.kind === 'ASG_LAUNCH_LIFECYCLE') return;
    if (this.#isRepeated(moment, interruption, workflow, end, at)) return;
    this.#queue.add({ moment, at, workflow, interruption, end });
  }

  /** A notice that comes again, a drain that is tried again and fails as before. */
  #isRepeated(
    moment: WebhookMoment,
    { id }: Interruption,
    { node }: WorkflowSummary,
    end: AttemptEnd | undefined,
    at: Instant,
  ): boolean {
    if (moment === 'done') return false;
    const key = JSON.stringify([moment, node, id, end?.troubles]);
    const toldAt = this.#told.get(key);
    if (toldAt !== undefined && (moment === 'received' || Math.abs(at - toldAt) < repeatMs)) return true;
    this.#told.delete(key);
    this.#told.set(key, at);
    forgetOldest(this.#told, mostRemembered);
    return false;
  }

  async #post(notice: Notice, signal: AbortSignal): Promise<void> {
    const { node } = notice.workflow;
    const logger = this.#modules.logger.child({ node, interruption_id: notice.interruption.id });
    const body = await this.#render(notice, logger, signal);
    if (body === undefined) this.#modules.metrics.webhookPosts.inc({ outcome: 'not-rendered' });
    else await this.#posting.post(body, notice.moment, logger, signal);
  }

  async #render(notice: Notice, logger: Logger, signal: AbortSignal): Promise<string | undefined> {
    try {
      const template = await this.#readTemplate(logger);
      const { report } = notice.end ?? {};
      const wanted = {
        nodeLabels: template.mentions('NodeLabels'),
        podNames: template.mentions('Pods') && !report,
      };
      const facts = await this.#modules.facts(notice.workflow.node, wanted, signal);
      const podNames = report ? [...report.pods].sort(byName).map((pod) => pod.name) : facts.podNames;
      const body = template.execute(webhookData(notice, { ...facts, podNames }));
      this.#checkJson(body, logger);
      return body;
    } catch (error) {
      signal.throwIfAborted();
      logger.error("Cannot fill in the webhook's template, nothing is posted", { error });
      return undefined;
    }
  }

  /** The file may have been changed, for the worse as well. */
  async #readTemplate(logger: Logger): Promise<Template> {
    try {
      const template = await this.#template.read();
      this.#hasToldTemplate = false;
      return template;
    } catch (error) {
      const { lastGood } = this.#template;
      if (!lastGood) throw error;
      if (!this.#hasToldTemplate)
        logger.error("Cannot use the webhook's template file, posting with the one that was read before", {
          error,
        });
      this.#hasToldTemplate = true;
      return lastGood;
    }
  }

  #checkJson(body: string, logger: Logger): void {
    const [, type = ''] =
      Object.entries(this.#options.headers).find(([name]) => /^content-type$/i.test(name)) ?? [];
    if (this.#hasToldJson || !/\bjson\b/i.test(type) || isJson(body)) return;
    this.#hasToldJson = true;
    logger.warn(
      "The webhook's body is not JSON although its Content-type says so: write values as {{ .Description | toJson }}, without quotes around",
    );
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function byName(a: { namespace: string; name: string }, b: { namespace: string; name: string }): number {
  const [left, right] = [`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`];
  return left < right ? -1 : Number(left > right);
}

function mostPressing(interruptions: readonly Interruption[]): Interruption | undefined {
  return [...interruptions].sort(
    (a, b) => kindsByUrgency.indexOf(a.kind) - kindsByUrgency.indexOf(b.kind),
  )[0];
}
