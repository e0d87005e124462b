import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { StatusDocument } from '../../status/document.ts';
import type { Answer, StreamAnswer } from '../endpoints.ts';
import { statusJson } from './json.ts';
import { LivePages } from './live-pages.ts';
import { contentSecurityPolicy, liveStatus, statusPage } from './page.ts';

export interface StatusSiteModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly read: () => Promise<StatusDocument>;
}

/** Whoever can reach the port may read it, but no other site in that one's browser, and no cache. */
const commonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** All that the status page needs, loaded when it is first asked for. */
export class StatusSite {
  readonly #modules: StatusSiteModules;
  readonly #pages: LivePages;

  constructor(modules: StatusSiteModules) {
    this.#modules = modules;
    this.#pages = new LivePages({ ...modules, read: async () => liveStatus(await modules.read()) });
  }

  /** `events` and `json` are the paths where those are. */
  async page(paths: { readonly events: string; readonly json: string }): Promise<Answer> {
    return {
      status: 200,
      contentType: 'text/html; charset=utf-8',
      headers: {
        ...commonHeaders,
        'content-security-policy': contentSecurityPolicy,
        'cross-origin-opener-policy': 'same-origin',
      },
      body: statusPage(await this.#modules.read(), paths),
    };
  }

  async json(): Promise<Answer> {
    return {
      status: 200,
      contentType: 'application/json',
      headers: commonHeaders,
      body: statusJson(await this.#modules.read()),
    };
  }

  events(): StreamAnswer | Answer {
    if (!this.#pages.hasRoom) {
      return {
        status: 503,
        contentType: 'text/plain; charset=utf-8',
        headers: { ...commonHeaders, 'retry-after': '10' },
        body: 'Too many status pages are open\n',
      };
    }
    return {
      contentType: 'text/event-stream',
      headers: commonHeaders,
      stream: (response) => {
        this.#pages.add(response);
      },
    };
  }

  close(): void {
    this.#pages.close();
  }
}
