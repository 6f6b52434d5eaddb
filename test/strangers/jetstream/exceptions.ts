// What of the event log's contract JetStream does not keep, and why.

import type { Exceptions } from '../../contracts/promises.ts';

const CLOCK = "records have the server's own time, which no test sets";

export const EXCEPTIONS: Exceptions = {
  'records have the time of their append, which never falls, and are found by it': CLOCK,
  'retention by time and by size forgets no record that is still wanted': CLOCK,
};
