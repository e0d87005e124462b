import type { Answer } from '../http-listener.ts';
import { qualifiedName, type ResourceType } from './resources.ts';

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code: number;
}

/** An error as the API server tells it: a Status object. */
export class ApiError extends Error {
  readonly status: Status;

  constructor(code: number, reason: string | undefined, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'ApiError';
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason !== undefined && { reason }),
      ...(details !== undefined && { details }),
      code,
    };
  }

  answer(): Answer {
    const { code, details } = this.status;
    const seconds = details?.retryAfterSeconds;
    return {
      code,
      body: this.status,
      ...(seconds !== undefined && { headers: { 'Retry-After': String(seconds) } }),
    };
  }
}

export const success: Status = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code: 201,
};

function detailsOf(type: ResourceType, name: string | undefined): StatusDetails {
  return {
    ...(name !== undefined && { name }),
    ...(type.group !== '' && { group: type.group }),
    kind: type.plural,
  };
}

export function notFound(type: ResourceType, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${qualifiedName(type)} "${name}" not found`, detailsOf(type, name));
}

export function alreadyExists(type: ResourceType, name: string): ApiError {
  const message = `${qualifiedName(type)} "${name}" already exists`;
  return new ApiError(409, 'AlreadyExists', message, detailsOf(type, name));
}

export function conflict(type: ResourceType, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedName(type)} "${name}": ${why}`;
  return new ApiError(409, 'Conflict', message, detailsOf(type, name));
}

/** A conflict as deletions word it: they name the kind, not the resource. */
export function failedPrecondition(type: ResourceType, name: string, why: string): ApiError {
  return conflict({ ...type, plural: type.kind }, name, why);
}

/** The optimistic lock did not hold. */
export function modifiedMeanwhile(type: ResourceType, name: string): ApiError {
  const why = 'the object has been modified; please apply your changes to the latest version and try again';
  return conflict(type, name, why);
}

export function forbidden(type: ResourceType, name: string | undefined, why: string): ApiError {
  const subject = name === undefined ? qualifiedName(type) : `${qualifiedName(type)} "${name}"`;
  return new ApiError(403, 'Forbidden', `${subject} is forbidden: ${why}`, detailsOf(type, name));
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized');
}

export function unprocessable(message: string): ApiError {
  return new ApiError(422, 'Invalid', message, {});
}

export function unsupportedMediaType(): ApiError {
  return new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
}

export function methodNotAllowed(): ApiError {
  const message = 'the server does not allow this method on the requested resource';
  return new ApiError(405, 'MethodNotAllowed', message, {});
}

/** A group or version that is served has no such resource. */
export function noSuchResource(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** What the server does not serve at all, without a Status. */
export const pageNotFound: Answer = {
  code: 404,
  body: '404 page not found\n',
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
};
