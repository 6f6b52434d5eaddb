// An answer that is no success, as an ApiError: from its metav1.Status where it has one, else from its code.

import { isRecord } from '#base/mod.ts';
import { ApiError } from '#machinery/mod.ts';

/** Reasons that client-go gives to answers without a Status. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The error of a refused request. */
export function errorOf(code: number, body: string): ApiError {
  const status = parsed(body);
  if (isRecord(status) && status['kind'] === 'Status') return errorFromStatus(status, code);
  const reason = REASONS[code] ?? (code >= 500 ? 'InternalError' : 'Unknown');
  return new ApiError(code, reason, body.trim() || `the server answered with status ${code}`);
}

/** The error that a Status object tells, as it also comes within a watch. */
export function errorFromStatus(status: Readonly<Record<string, unknown>>, code = 500): ApiError {
  const { reason, message, details } = status;
  const number = typeof status['code'] === 'number' ? status['code'] : code;
  return new ApiError(
    number,
    typeof reason === 'string' ? reason : (REASONS[number] ?? 'Unknown'),
    typeof message === 'string' ? message : `the server answered with status ${number}`,
    isRecord(details) ? details : undefined,
  );
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
