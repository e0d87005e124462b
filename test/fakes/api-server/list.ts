import { ApiError, badRequest } from './errors.ts';
import { without, type ApiObject } from './objects.ts';
import { apiVersion } from './resources.ts';
import { integer, invalidVersion, isVersion } from './parameters.ts';
import type { ResourceRequest } from './request-info.ts';
import { hasSelector, matcher } from './selectors.ts';
import type { Store } from './store.ts';

interface Page {
  readonly version: number;
  readonly left: readonly ApiObject[];
}

const expiredToken =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** Lists, paged on request; all pages of a list show the same instant. */
export class Lists {
  readonly #store: Store;
  #pages = new Map<string, Page>();
  #tokens = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Continue tokens given out so far answer 410 from now on. */
  expireTokens(): void {
    this.#pages = new Map([...this.#pages.keys()].map((token) => [token, { version: 0, left: [] }]));
  }

  list({ type, version, namespace }: ResourceRequest, query: URLSearchParams): object {
    const limit = integer(query, 'limit') ?? 0;
    const token = query.get('continue') ?? '';
    const { version: listVersion, left } =
      token === '' ? this.#snapshot(query, type, namespace) : this.#continued(token, query);
    // A list from the watch cache is cheap for the server: it comes whole, whatever the limit.
    const isCached = query.get('resourceVersion') === '0';
    const size = limit > 0 && !isCached ? limit : left.length;
    const rest = left.slice(size);
    return {
      kind: `${type.kind}List`,
      apiVersion: apiVersion(type, version),
      metadata: {
        resourceVersion: String(listVersion),
        ...(rest.length > 0 && {
          continue: this.#token({ version: listVersion, left: rest }),
          ...(!hasSelector(query) && { remainingItemCount: rest.length }),
        }),
      },
      items: left.slice(0, size).map((item) => without(item, 'apiVersion', 'kind')),
    };
  }

  #snapshot(query: URLSearchParams, type: ResourceRequest['type'], namespace: string | undefined): Page {
    const from = query.get('resourceVersion') ?? '';
    if (!isVersion(from)) throw badRequest(`invalid resource version: ${invalidVersion(from)}`);
    const objects = this.#store.list(type, namespace);
    return { version: this.#store.version, left: objects.filter(matcher(type, query)) };
  }

  #continued(token: string, query: URLSearchParams): Page {
    const resourceVersion = query.get('resourceVersion') ?? '';
    if (resourceVersion !== '' && resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const page = this.#pages.get(token);
    if (page === undefined)
      throw badRequest('invalid continue token: continue key is not valid: unexpected end of JSON input');
    if (page.version === 0) throw new ApiError(410, 'Expired', expiredToken);
    return page;
  }

  #token(page: Page): string {
    this.#tokens += 1;
    const token = Buffer.from(`{"v":"meta.k8s.io/v1","rv":${page.version},"page":${this.#tokens}}`).toString(
      'base64url',
    );
    this.#pages.set(token, page);
    return token;
  }
}
