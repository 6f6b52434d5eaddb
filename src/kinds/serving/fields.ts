// Which fields of a blob are set, and which of them may be.

import type { FieldErrors } from '#machinery/mod.ts';

/** Whether a field says something: an empty text, list or plain `false` says nothing, as Go sees it. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  return !(Array.isArray(value) && value.length === 0);
}

/** Flags that Go keeps as plain values: false is as good as absent. */
const PLAIN_FLAGS = new Set(['hostNetwork', 'hostPID', 'hostIPC', 'readOnly', 'stdin', 'stdinOnce', 'tty']);

/** Refuses every field that is set and not allowed. */
export function onlyFields(errors: FieldErrors, object: object, allowed: ReadonlySet<string>): void {
  const extra = Object.entries(object)
    .filter(([key, value]) => isSet(value) && !(value === false && PLAIN_FLAGS.has(key)) && !allowed.has(key))
    .map(([key]) => key);
  if (extra.length > 0) errors.disallowed(...extra.sort());
}
