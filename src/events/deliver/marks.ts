// What is kept of a stream's dispatch over a crash, as marks of the log. Pure.

import { invariant } from '#base/mod.ts';
import type { Cause } from './dead-letter.ts';
import type { Stage } from './next-step.ts';

/** Name of the mark that holds how far the stream as a whole has been looked at. */
export const HEAD_MARK = 'head';
const CONSUMER_PREFIX = 'consumer/';

export const markOf = (consumer: string): string => `${CONSUMER_PREFIX}${consumer}`;
export const consumerOf = (mark: string): string | undefined =>
  mark.startsWith(CONSUMER_PREFIX) ? mark.slice(CONSUMER_PREFIX.length) : undefined;

/** An event that a consumer is not done with. */
export interface Unfinished {
  readonly offset: number;
  readonly key: string | undefined;
  readonly stage: Stage | undefined;
}

export interface ConsumerMark {
  /** Where it reads on by itself; undefined: with the stream. */
  readonly cursor: number | undefined;
  readonly unfinished: readonly Unfinished[];
}

/** Offset, failures, key; then of dead letters why. */
type Line = [
  offset: number,
  failures: number,
  key?: string | null,
  dead?: [destination: string, status: number, data: string],
];

interface Text {
  readonly cursor?: number;
  readonly unfinished: readonly Line[];
}

export function encodeHead(position: number): Uint8Array {
  return Buffer.from(String(position));
}

export function decodeHead(bytes: Uint8Array): number {
  const position = Number(Buffer.from(bytes).toString());
  invariant(Number.isSafeInteger(position), 'the mark of a head is an offset');
  return position;
}

/** A reply is not kept: whoever gave it is asked again. */
export function encodeConsumer({ cursor, unfinished }: ConsumerMark): Uint8Array {
  const text: Text = { ...(cursor === undefined ? {} : { cursor }), unfinished: unfinished.map(lineOf) };
  return Buffer.from(JSON.stringify(text));
}

export function decodeConsumer(bytes: Uint8Array): ConsumerMark {
  const { cursor, unfinished } = JSON.parse(Buffer.from(bytes).toString()) as Text;
  return { cursor, unfinished: unfinished.map(unfinishedOf) };
}

function lineOf({ offset, key, stage }: Unfinished): Line {
  if (stage?.at === 'dead-letter') {
    const { destination, status, data }: Cause = stage.cause;
    return [offset, stage.failures, key ?? null, [destination, status, data]];
  }
  const failures = stage?.at === 'subscriber' ? stage.failures : 0;
  return key === undefined ? [offset, failures] : [offset, failures, key];
}

function unfinishedOf([offset, failures, key, dead]: Line): Unfinished {
  if (!dead)
    return { offset, key: key ?? undefined, stage: failures === 0 ? undefined : { at: 'subscriber', failures } };
  const [destination, status, data] = dead;
  const cause = { destination, status, data };
  return { offset, key: key ?? undefined, stage: { at: 'dead-letter', failures, cause } };
}
