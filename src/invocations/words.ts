// What an invocation is, in the words in which its state is kept and told.

import type { AsyncRule, Door } from '#gateway/mod.ts';

export type Ending = 'succeeded' | 'failed' | 'cancelled';
export type State = 'queued' | 'running' | Ending;

/** How an invocation is carried out. Times in milliseconds. */
export interface Settings extends Required<AsyncRule> {
  /** Where the result is sent. */
  readonly callback?: string;
}

/** One attempt, as it is told. */
export interface Attempt {
  /** Wall time in milliseconds. */
  readonly startedAt: number;
  readonly tookMs: number;
  readonly status?: number;
  /** Why the gateway said no, where it was that which answered. */
  readonly refusal?: string;
  /** Why there was no answer. */
  readonly error?: string;
}

/** A request as it is kept, beside its body. */
export interface KeptHead {
  readonly door: Door;
  readonly scheme: 'http' | 'https';
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly authority: string;
  readonly headers: readonly string[];
  readonly remoteAddress: string;
}

export interface KeptRequest extends KeptHead {
  readonly body: Uint8Array;
}

/** The key by which a client knows its request again, and a digest of the request. */
export interface Keyed {
  readonly key: string;
  readonly digest: string;
}

/** An answer, or why there is none; `isFinal`: another try would bring the same. */
export type Outcome =
  | { readonly status: number; readonly headers: readonly string[]; readonly body: Uint8Array }
  | { readonly error: string; readonly isFinal?: boolean };

export type CallbackState = 'pending' | 'delivered' | 'failed';

/** How the sending of a result stands. */
export interface Callback {
  readonly state: CallbackState;
  readonly attempts: number;
  /** Of the last attempt. */
  readonly status?: number;
  readonly error?: string;
}

/** What is sent to who asked for the result. */
export interface ResultCall {
  readonly url: string;
  readonly callbacks: Settings['callbacks'];
  /** By which the request came, and through which callbacks to services of this platform go. */
  readonly door: Door;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** What bounds the invocations of a platform. */
export interface Bounds {
  /** Of those that are not over: how many, and the bytes of their requests. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** What is kept: how many, how long after their acceptance in milliseconds, and the bytes of requests and results. */
  readonly kept: number;
  readonly keptMs: number;
  readonly keptBytes: number;
}
