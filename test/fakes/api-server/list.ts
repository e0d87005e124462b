import { ApiError, badRequest } from './errors.ts';
import { without, type ApiObject } from './objects.ts';
import { apiVersion, type ResourceType } from './resources.ts';
import { integer, invalidVersion, isVersion } from './parameters.ts';
import type { ResourceRequest } from './request-info.ts';
import { hasSelector, matcher } from './selectors.ts';
import type { Store } from './store.ts';

/** What a continue token stands for. */
interface Page {
  /** The version that all pages of the list show. */
  readonly version: number;
  readonly left: readonly ApiObject[];
  /** Of the last object of the page before. */
  readonly after: string;
  /** Goes on with what is there by then. */
  readonly isInconsistent: boolean;
}

const expiredToken =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** Lists, paged on request; all pages of a list show the same instant. */
export class Lists {
  readonly #store: Store;
  readonly #pages = new Map<string, Page>();
  #oldestVersion = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The pages of lists begun so far can't be had any more: 410. */
  expireTokens(): void {
    this.#oldestVersion = this.#store.version + 1;
  }

  list({ type, version, namespace }: ResourceRequest, query: URLSearchParams): object {
    const limit = integer(query, 'limit') ?? 0;
    const token = query.get('continue') ?? '';
    const { version: listVersion, left } =
      token === '' ? this.#snapshot(query, type, namespace) : this.#continued(token, query, type, namespace);
    // A list from the watch cache is cheap for the server: it comes whole, whatever the limit.
    const isCached = query.get('resourceVersion') === '0';
    const size = limit > 0 && !isCached ? limit : left.length;
    const rest = left.slice(size);
    const after = keyOf(left[size - 1]);
    return {
      kind: `${type.kind}List`,
      apiVersion: apiVersion(type, version),
      metadata: {
        resourceVersion: String(listVersion),
        ...(rest.length > 0 && {
          continue: this.#token({ version: listVersion, left: rest, after, isInconsistent: false }),
          ...(!hasSelector(query) && { remainingItemCount: rest.length }),
        }),
      },
      items: left.slice(0, size).map((item) => without(item, 'apiVersion', 'kind')),
    };
  }

  #snapshot(query: URLSearchParams, type: ResourceType, namespace: string | undefined): Page {
    const from = query.get('resourceVersion') ?? '';
    if (!isVersion(from)) throw badRequest(`invalid resource version: ${invalidVersion(from)}`);
    const left = this.#store.list(type, namespace).filter(matcher(type, query));
    return { version: this.#store.version, left, after: '', isInconsistent: false };
  }

  #continued(
    token: string,
    query: URLSearchParams,
    type: ResourceType,
    namespace: string | undefined,
  ): Pick<Page, 'version' | 'left'> {
    const resourceVersion = query.get('resourceVersion') ?? '';
    if (resourceVersion !== '' && resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const page = this.#pages.get(token);
    if (page === undefined) {
      throw badRequest('invalid continue token: continue key is not valid: unexpected end of JSON input');
    }
    if (page.isInconsistent) {
      const now = this.#snapshot(query, type, namespace);
      return { ...now, left: now.left.filter((object) => keyOf(object) > page.after) };
    }
    if (page.version >= this.#oldestVersion) return page;
    const error = new ApiError(410, 'Expired', expiredToken);
    error.status.metadata.continue = this.#token({ ...page, isInconsistent: true });
    throw error;
  }

  /** As the real one, but with a number of ours, so that a client that looks inside learns nothing. */
  #token(page: Page): string {
    const inside = {
      v: 'meta.k8s.io/v1',
      rv: page.isInconsistent ? -1 : page.version,
      page: this.#pages.size,
    };
    const token = Buffer.from(JSON.stringify(inside)).toString('base64url');
    this.#pages.set(token, page);
    return token;
  }
}

function keyOf(object: ApiObject | undefined): string {
  return object === undefined ? '' : `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
