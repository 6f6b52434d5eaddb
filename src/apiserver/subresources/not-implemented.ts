// What this server knows but cannot do as it was started.

import { ApiError } from '#machinery/mod.ts';

/** 501: the way is known, but nothing stands at its end. */
export function notImplemented(what: string): ApiError {
  return new ApiError(501, 'NotImplemented', `this server was started without a way to serve ${what}`);
}
