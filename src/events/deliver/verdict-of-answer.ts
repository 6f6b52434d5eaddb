// What an answer to a delivery means: delivered, delivered with a reply, or failed, and whether it is worth another try. Pure.

import { headerValue } from '#base/mod.ts';
import type { CloudEvent } from '../event.ts';
import type { Decoded } from '../message.ts';
import type { Consumer } from '../control.ts';

/** What came of a request: an answer with its body, or none at all. Header names and values by turns. */
export type Answer =
  | { readonly status: number; readonly headers: readonly string[]; readonly body: Uint8Array }
  | { readonly error: string };

export interface Failure {
  /** The status that dead letters tell: that of the answer, 500 where there was none. */
  readonly status: number;
  /** What dead letters tell beside it: base64, cut. */
  readonly data: string;
  readonly isRetryable: boolean;
  /** Why, in one short line; absent where the status says all there is, or there was no answer. */
  readonly reason?: string;
  /** How long the subscriber asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
}

export type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'replied'; readonly event: CloudEvent }
  | { readonly kind: 'failed'; readonly failure: Failure };

const DELIVERED: Verdict = { kind: 'delivered' };
/** The base64 text of an answer's body is cut here, as Knative cuts it. */
const MAX_DATA_CHARS = 1024;
/** Of a client's mistakes those that may mend themselves: not there (yet), too slow, in conflict, too many. */
const RETRYABLE_4XX = new Set([404, 408, 409, 429]);
/** What a filter says of an answer that is neither empty nor an event. */
const NO_EVENT = 502;
/** A reason is cut here. */
const MAX_REASON_CHARS = 200;

export interface AnswerFacts {
  readonly kind: Consumer['kind'];
  /** Whether somebody waits for replies. */
  readonly wantsReply: boolean;
  readonly answer: Answer;
  /** What the answer holds as an event; asked only of answers that are well. */
  readonly decode: (headers: readonly string[], body: Uint8Array) => Decoded;
  /** Wall time in milliseconds, for dates of Retry-After. */
  readonly now: number;
}

/** Judges the answer of a subscriber. Through a Trigger an answer must be empty or an event; others may say what they like. */
export function verdictOfAnswer({ kind, wantsReply, answer, decode, now }: AnswerFacts): Verdict {
  if ('error' in answer || !isWell(answer.status)) return failed(failureOf(answer, now));
  const decoded = decode(answer.headers, answer.body);
  if (decoded.kind === 'event') return wantsReply ? { kind: 'replied', event: decoded.event } : DELIVERED;
  if (decoded.kind === 'none' && (kind === 'subscription' || answer.body.length === 0)) return DELIVERED;
  if (kind === 'subscription' && !wantsReply) return DELIVERED;
  const reason = decoded.kind === 'bad' ? `the answer is a malformed event: ${decoded.why}` : 'the answer is no event';
  return failed({ status: NO_EVENT, data: dataOf(answer.body), isRetryable: true, reason: shortly(reason) });
}

/** Judges the answer of who gets a reply or a dead letter: what it answers beside the status is of no weight. */
export function verdictOfReceipt(answer: Answer, now: number): Verdict {
  return !('error' in answer) && isWell(answer.status) ? DELIVERED : failed(failureOf(answer, now));
}

function failed(failure: Failure): Verdict {
  return { kind: 'failed', failure };
}

function isWell(status: number): boolean {
  return status >= 200 && status < 300;
}

function failureOf(answer: Answer, now: number): Failure {
  if ('error' in answer)
    return { status: 500, data: dataOf(Buffer.from(`dispatch error: ${answer.error}`)), isRetryable: true };
  const { status, headers, body } = answer;
  const reason = shortly(headerValue(headers, 'reason') ?? textOf(body));
  const asked = status === 429 || status === 503 ? retryAfterMs(headers, now) : undefined;
  return {
    status,
    data: dataOf(body),
    isRetryable: status >= 500 || RETRYABLE_4XX.has(status),
    ...(reason === '' ? {} : { reason }),
    ...(asked === undefined ? {} : { retryAfterMs: asked }),
  };
}

/** The beginning of a body as text: enough for a reason, whatever its characters take. */
function textOf(body: Uint8Array): string {
  const enough = body.subarray(0, MAX_REASON_CHARS * 4);
  return Buffer.from(enough.buffer, enough.byteOffset, enough.length).toString();
}

/** One line, with nothing that a terminal would act on. */
function shortly(text: string): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, ' ').trim();
  return line.length > MAX_REASON_CHARS ? `${line.slice(0, MAX_REASON_CHARS - 1)}…` : line;
}

/** Only as much is encoded as is kept. */
function dataOf(body: Uint8Array): string {
  const enough = body.subarray(0, (MAX_DATA_CHARS / 4) * 3);
  return Buffer.from(enough.buffer, enough.byteOffset, enough.length).toString('base64');
}

/**
 * How long an answer asks to be left alone: whole seconds, or a date of HTTP; what is neither, or past, asks for nothing. A date is
 * told by the clock of who answers, so it counts from the date of the answer where that has one, whatever our own clock shows.
 */
export function retryAfterMs(headers: readonly string[], now: number): number | undefined {
  const value = (headerValue(headers, 'retry-after') ?? '').trim();
  if (/^[0-9]+$/.test(value)) return Number(value) * 1000;
  const date = dateOf(value);
  const from = dateOf(headerValue(headers, 'date') ?? '') || now;
  return date > from ? date - from : undefined;
}

/** NaN for what is no date of HTTP. */
function dateOf(text: string): number {
  return /^[A-Z][a-z]{2},? /.test(text) ? Date.parse(text) : NaN;
}
