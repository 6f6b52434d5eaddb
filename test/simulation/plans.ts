// What requests are like, and what a whole answer to each looks like.

import type { Random } from '#base/mod.ts';
import { between, isLucky, pick } from './chance.ts';
import type { Entry, Plan } from './ledger.ts';
import { REQUEST_KINDS } from './ledger.ts';

/** One piece of a body that is sent in pieces. */
export const TEXT_PIECE = 'piece ';
/** One message over a connection that was handed over. */
export const MESSAGE = 'hello ';

/** Any request. */
export function anyPlan(random: Random): Plan {
  const kind = pick(random, REQUEST_KINDS);
  const leaves = isLucky(random, 0.04);
  return {
    kind,
    pieces: kind === 'post' ? 1 : between(random, 1, 6),
    gapMs: between(random, 0, 300),
    workMs: isLucky(random, 0.3) ? between(random, 0, 1500) : between(random, 0, 30),
    leavesAfterMs: leaves ? between(random, 0, 1500) : undefined,
  };
}

/** One that lasts for a second or more, so that what goes down meets it on its way. */
export function longPlan(random: Random): Plan {
  const kind = pick(random, ['upload', 'stream', 'upgrade', 'post'] as const);
  const lastsMs = between(random, 1000, 9000);
  const pieces = kind === 'post' ? 1 : between(random, 3, 12);
  return {
    kind,
    pieces,
    gapMs: Math.ceil(lastsMs / pieces),
    workMs: kind === 'post' ? lastsMs : between(random, 0, 30),
    leavesAfterMs: undefined,
  };
}

/** How many bytes the client sends. */
export function bodyLength({ kind, pieces }: Plan): number {
  return kind === 'upload' || kind === 'post' ? pieces * TEXT_PIECE.length : 0;
}

/** The end of an answer. It names the application, which must be the one that heard the request. */
export function wholeAnswer({ id }: Entry, received: number, application: string): string {
  return `${id} ${received} ${application}`;
}

/** What the client must have got in the end. */
export function expectedText(entry: Entry): string {
  const { kind, pieces } = entry.plan;
  if (kind === 'upgrade') return MESSAGE.repeat(pieces);
  const end = wholeAnswer(entry, bodyLength(entry.plan), entry.heardBy[0] ?? 'nobody');
  return (kind === 'stream' ? TEXT_PIECE.repeat(pieces) : '') + end;
}
