// What a soak of events found, in figures and in sentences.

import type { Circumstances } from '../summary.ts';
import { spread } from '../summary.ts';
import { ROLES } from './cast.ts';
import type { EventsSoakResult, Killed } from './soak.ts';
import { PER_SECOND, PRODUCERS } from './soak.ts';

const MOST_TOLD = 50;

/** Every promise that was not kept. */
export function brokenPromises({ ledger, odd, missing, leftovers }: EventsSoakResult): string[] {
  return [
    ...missing.slice(0, MOST_TOLD),
    ...ledger.wrong,
    ...odd.slice(0, MOST_TOLD),
    ...leftovers.map((text) => `a process was left over: ${text}`),
  ];
}

export function eventsSummaryOf(result: EventsSoakResult, circumstances: Circumstances) {
  const { rounds, answers, ledger, missing } = result;
  const acknowledged = answers.get(202) ?? 0;
  const of = (killed: Killed) => rounds.filter((round) => round.killed === killed);
  return {
    ...circumstances,
    rounds: rounds.length,
    kills: {
      both: of('both').length,
      data: of('data').length,
      control: of('control').length,
      whileStarting: rounds.filter(({ killedStarting }) => killedStarting).length,
    },
    seconds: Math.round(result.seconds),
    producers: PRODUCERS,
    wantedPerSecond: PER_SECOND,
    triggers: ROLES.length,
    sent: result.sent,
    acknowledged,
    /** By status; those without an answer are under "none". */
    answers: Object.fromEntries([...answers].map(([status, count]) => [status === 0 ? 'none' : status, count])),
    taken: ledger.taken,
    deadLetters: ledger.buried,
    replies: ledger.replies,
    lost: missing.length,
    outOfOrder: ledger.overtaken.length,
    repeatedAfterKills: ledger.repeated,
    oldestRepeatedBeforeKillMs: Math.round(ledger.oldestRepeatedMs),
    repeatedWrongly: ledger.repeatedWrongly.length,
    againMs: {
      both: spread(of('both').map(({ againMs }) => againMs)),
      data: spread(of('data').map(({ againMs }) => againMs)),
      control: spread(of('control').map(({ againMs }) => againMs)),
    },
    drainedMs: Math.round(result.drainedMs),
    wrong: brokenPromises(result),
  };
}
