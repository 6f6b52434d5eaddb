// The records of invocations on the log: one for each thing that happened. The state of an invocation follows from its records.

import { invariant } from '#base/mod.ts';
import type { Attempt, Callback, Ending, Keyed, KeptHead, Settings } from './words.ts';

/** It was accepted; the body is that of the request. A second such record means that it was moved to the end of the log. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly id: string;
  readonly service: string;
  /** Wall time in milliseconds. */
  readonly at: number;
  readonly request: KeptHead;
  readonly settings: Settings;
  readonly keyed?: Keyed | undefined;
  /** Where it has moved. */
  readonly attempts?: readonly Attempt[];
  readonly nextAt?: number | undefined;
}

/** An attempt failed, and there will be another one. */
export interface Tried {
  readonly kind: 'tried';
  readonly id: string;
  readonly attempt: Attempt;
  readonly nextAt: number;
}

/** It is over; the body is that of the last answer. */
export interface Finished {
  readonly kind: 'finished';
  readonly id: string;
  readonly ending: Ending;
  readonly acceptedAt: number;
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly attempts: readonly Attempt[];
  readonly why?: string | undefined;
  readonly answer?: { readonly status: number; readonly headers: readonly string[] } | undefined;
  /** Where the result goes, and by which door. */
  readonly callback?: {
    readonly url: string;
    readonly door: KeptHead['door'];
    readonly callbacks: Settings['callbacks'];
  };
}

/** Its result was sent, or was given up. */
export interface CalledBack {
  readonly kind: 'called-back';
  readonly id: string;
  readonly callback: Callback;
}

export type Entry = Accepted | Tried | Finished | CalledBack;

const FORM = 1;
const HEAD_BYTES = 5;
const NO_BODY = new Uint8Array(0);

/** A byte for the form, four for the length of the entry's JSON, that, and the body. */
export function encodeEntry(entry: Entry, body: Uint8Array = NO_BODY): Buffer {
  const text = Buffer.from(JSON.stringify(entry));
  const out = Buffer.allocUnsafe(HEAD_BYTES + text.length + body.length);
  out[0] = FORM;
  out.writeUInt32BE(text.length, 1);
  out.set(text, HEAD_BYTES);
  out.set(body, HEAD_BYTES + text.length);
  return out;
}

/** The body lies in the payload. Throws where the payload is none of ours. */
export function decodeEntry(payload: Uint8Array): { readonly entry: Entry; readonly body: Uint8Array } {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  invariant(bytes[0] === FORM, `a record of invocations has form ${FORM}, not ${bytes[0]}`);
  const end = HEAD_BYTES + bytes.readUInt32BE(1);
  invariant(end <= bytes.length, `a record of invocations has ${end} bytes or more, not ${bytes.length}`);
  return { entry: JSON.parse(bytes.toString('utf8', HEAD_BYTES, end)) as Entry, body: bytes.subarray(end) };
}
