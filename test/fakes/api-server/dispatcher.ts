import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../src/clock.ts';
import type { Answer } from '../http-listener.ts';
import { authorize, type Access, type Caller } from './access.ts';
import { reviewAccess } from './access-review.ts';
import type { Admission } from './admission.ts';
import { deleteObject, deletePod, type DeleteOptions } from './deletion.ts';
import { discover } from './discovery.ts';
import { ApiError, badRequest, methodNotAllowed, noSuchResource } from './errors.ts';
import { checkEviction, evictPod } from './eviction.ts';
import type { Lists } from './list.ts';
import type { PodObject } from './objects.ts';
import type { ResourceRequest, WriteVerb } from './request-info.ts';
import { accessReviews, pods } from './resources.ts';
import type { Store } from './store.ts';
import type { Watches } from './watches.ts';
import { createObject, patchObject, replaceObject } from './writes.ts';

export interface Incoming {
  readonly method: string;
  readonly url: URL;
  readonly resource: ResourceRequest | undefined;
  readonly contentType: string;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface DispatcherModules {
  readonly store: Store;
  readonly clock: Clock;
  readonly access: Access;
  readonly admission: Admission;
  readonly lists: Lists;
  readonly watches: Watches;
}

/** Finds out what a request is about, whether it may, and who does it. */
export class Dispatcher {
  readonly #policyVersions: readonly string[];
  readonly #modules: DispatcherModules;

  constructor(policyVersions: readonly string[], modules: DispatcherModules) {
    this.#policyVersions = policyVersions;
    this.#modules = modules;
  }

  /** Undefined where the answer is a watch's stream, which then owns the response. */
  async answer(incoming: Incoming, caller: Caller, response: ServerResponse): Promise<Answer | undefined> {
    try {
      return await this.#route(incoming, caller, response);
    } catch (error) {
      if (error instanceof ApiError) return error.answer();
      throw error;
    }
  }

  async #route(incoming: Incoming, caller: Caller, response: ServerResponse): Promise<Answer | undefined> {
    const { resource, url } = incoming;
    if (resource === undefined) return discover(url.pathname, this.#policyVersions);
    authorize(caller, resource);
    if (!this.#serves(resource)) throw noSuchResource();
    checkMethod(incoming.method, resource);
    const { type, verb, name, namespace } = resource;
    const { store, lists, watches } = this.#modules;
    switch (verb) {
      case 'get':
        return { code: 200, body: store.get(type, name ?? '', namespace) };
      case 'list':
        return { code: 200, body: lists.list(resource, url.searchParams) };
      case 'watch':
        watches.serve(resource, url.searchParams, response, incoming.signal);
        return undefined;
      case 'create':
      case 'update':
      case 'patch':
      case 'delete':
      case 'deletecollection':
        return this.#write(incoming, resource, verb, caller);
    }
  }

  async #write(
    incoming: Incoming,
    resource: ResourceRequest,
    verb: WriteVerb,
    caller: Caller,
  ): Promise<Answer> {
    const { admission, store } = this.#modules;
    const body = parse(incoming.body);
    if (resource.type === accessReviews) return reviewAccess(caller, body);
    if (resource.subresource === 'eviction') return this.#evict(incoming, resource, body);
    admission.admit(resource);
    switch (verb) {
      case 'create':
        return { code: 201, body: createObject(store, resource, body) };
      case 'patch':
        return { code: 200, body: patchObject(store, resource, incoming.contentType, body) };
      case 'update':
        return { code: 200, body: replaceObject(store, resource, body) };
      case 'delete':
        return { code: 200, body: this.#delete(incoming, resource, body as DeleteOptions) };
      case 'deletecollection':
        throw methodNotAllowed();
    }
  }

  async #evict({ url, signal }: Incoming, resource: ResourceRequest, body: unknown): Promise<Answer> {
    const { store, clock, admission } = this.#modules;
    const { name = '', namespace = '' } = resource;
    checkEviction(body as object, name, this.#policyVersions);
    admission.admit(resource);
    const { deleteOptions = {} } = body as { deleteOptions?: DeleteOptions };
    const dryRun = deleteOptions.dryRun ?? url.searchParams.getAll('dryRun');
    const done = await evictPod({ store, clock, signal }, { name, namespace }, { ...deleteOptions, dryRun });
    return { code: 201, body: done };
  }

  #delete({ url }: Incoming, { type, name = '', namespace }: ResourceRequest, body: DeleteOptions) {
    const { store, clock } = this.#modules;
    const seconds = url.searchParams.get('gracePeriodSeconds');
    const dryRun = url.searchParams.getAll('dryRun');
    const options = { dryRun, ...(seconds !== null && { gracePeriodSeconds: Number(seconds) }), ...body };
    const object = store.get(type, name, namespace);
    if (type === pods) return deletePod({ store, clock }, object as PodObject, options);
    return deleteObject({ store, clock }, type, object, options);
  }

  #serves(resource: ResourceRequest): boolean {
    const { type, version, subresource } = resource;
    const versions = type.group === 'policy' ? this.#policyVersions : type.versions;
    return (
      versions.includes(version) && (subresource === undefined || type.subresources.includes(subresource))
    );
  }
}

/** Whether the method makes sense on a collection, an object, a status or an eviction. */
function checkMethod(method: string, { name, subresource }: ResourceRequest): void {
  const ofObject = subresource === undefined ? ['GET', 'PUT', 'PATCH', 'DELETE'] : ['GET', 'PUT', 'PATCH'];
  const ofCollection = ['GET', 'POST', 'DELETE'];
  const allowed = name === undefined ? ofCollection : subresource === 'eviction' ? ['POST'] : ofObject;
  if (!allowed.includes(method)) throw methodNotAllowed();
}

function parse(body: string): unknown {
  if (body === '') return {};
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type JSON): ${(error as Error).message}`,
    );
  }
}
