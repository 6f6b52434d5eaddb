// The refusals of the API, as metav1.Status tells them. Made only by these words.

import type { Problem } from './problems.ts';

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** metav1.Status of a failure. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
  readonly code: number;
}

/** An error with its HTTP status and reason; what clients decide by. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: Status;
  /** What the caller is told beside the refusal, as of unknown fields. */
  warnings: readonly string[] = [];

  constructor(code: number, reason: string, message: string, details?: Status['details']) {
    super(message);
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details ? { details } : {}),
      code,
    };
  }

  get code(): number {
    return this.status.code;
  }

  get reason(): string {
    return this.status.reason;
  }
}

/** Gives a refusal along what was to be told anyway. Anything else that was thrown stays as it is. */
export function withWarnings(thrown: unknown, warnings: readonly string[]): unknown {
  if (thrown instanceof ApiError) thrown.warnings = [...warnings, ...thrown.warnings];
  return thrown;
}

/** Names a resource in messages: its group (empty for core) and plural. */
export interface ResourceName {
  readonly group: string;
  readonly plural: string;
}

function shown({ group, plural }: ResourceName): string {
  return group ? `${plural}.${group}` : plural;
}

function details(resource: ResourceName, name: string): Status['details'] {
  return { name, ...(resource.group ? { group: resource.group } : {}), kind: resource.plural };
}

export const notFound = (resource: ResourceName, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${shown(resource)} ${JSON.stringify(name)} not found`, details(resource, name));

/** No such path, group or resource. */
export const unknownResource = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});

export const alreadyExists = (resource: ResourceName, name: string): ApiError =>
  new ApiError(
    409,
    'AlreadyExists',
    `${shown(resource)} ${JSON.stringify(name)} already exists`,
    details(resource, name),
  );

export const conflict = (resource: ResourceName, name: string, why: string): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${shown(resource)} ${JSON.stringify(name)}: ${why}`,
    details(resource, name),
  );

/** The text of a conflict when the resourceVersion is stale. */
export const STALE = 'the object has been modified; please apply your changes to the latest version and try again';

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message);

/** An object whose fields are at fault: 422 with one cause for each. `kind` such as `Pod` or `Deployment.apps`. */
export function invalid(kind: { group: string; kind: string }, name: string, problems: readonly Problem[]): ApiError {
  const texts = problems.map(({ path, message }) => `${path}: ${message}`);
  const body = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const shownKind = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  return new ApiError(422, 'Invalid', `${shownKind} ${JSON.stringify(name)} is invalid: ${body}`, {
    name,
    ...(kind.group ? { group: kind.group } : {}),
    kind: kind.kind,
    causes: problems.map(({ path, reason, message }) => ({ reason, message, field: path })),
  });
}

/** A denial by an admission webhook, in the very words a real one has (400 as Knative's answer). */
export const deniedByWebhook = (webhook: string, why: string): ApiError =>
  new ApiError(400, 'BadRequest', `admission webhook ${JSON.stringify(webhook)} denied the request: ${why}`);

export const forbidden = (resource: ResourceName, name: string, why: string): ApiError =>
  new ApiError(
    403,
    'Forbidden',
    `${shown(resource)}${name ? ` ${JSON.stringify(name)}` : ''} is forbidden: ${why}`,
    details(resource, name),
  );

export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized');

/** The watch window no longer holds what was asked for. */
export const expired = (message: string): ApiError => new ApiError(410, 'Expired', message);

export const gone = (message: string): ApiError => new ApiError(410, 'Gone', message);

export const unsupportedMediaType = (message: string): ApiError => new ApiError(415, 'UnsupportedMediaType', message);

export const methodNotAllowed = (
  message = 'the server does not allow this method on the requested resource',
): ApiError => new ApiError(405, 'MethodNotAllowed', message, {});

export const tooLarge = (message: string): ApiError => new ApiError(413, 'RequestEntityTooLarge', message);

export const notAcceptable = (message: string): ApiError => new ApiError(406, 'NotAcceptable', message);

export const internalError = (message: string): ApiError =>
  new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });

/** The disk cannot take the write; nothing was changed. */
export const outOfSpace = (message: string): ApiError => new ApiError(507, 'InsufficientStorage', message);

/** Whether something thrown is an ApiError with this reason. */
export function isReason(thrown: unknown, reason: string): boolean {
  return thrown instanceof ApiError && thrown.reason === reason;
}
