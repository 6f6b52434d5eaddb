// Where invocations are on the log.

/** Name of the log's stream; no stream of an object can have it. */
export const STREAM = '@invocations';
