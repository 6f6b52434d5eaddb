// Chromium's DevTools protocol over a pipe: messages in JSON, each ended by NUL.

import type { Readable, Writable } from 'node:stream';

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** Who waits for an answer, or for an event. */
interface Waiting {
  readonly method: string;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Calls with their answers, and events. A session is a page that one is attached to; without one, it is the browser that is spoken to. */
export class DevTools {
  readonly #out: Writable;
  readonly #calls = new Map<number, Waiting>();
  readonly #events = new Set<Waiting>();
  readonly #listeners = new Map<string, Set<(params: unknown) => void>>();
  #lastId = 0;
  #unread = '';
  #gone: Error | undefined;

  constructor(from: Readable, to: Writable) {
    this.#out = to;
    from.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    from.once('close', () => this.#end());
    // What fails on the way to a browser that has gone shows as the end of the way back.
    for (const stream of [from, to]) stream.on('error', () => {});
  }

  async call<Result>(method: string, params: object = {}, session?: string): Promise<Result> {
    if (this.#gone) throw this.#gone;
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => this.#calls.set(id, { method, resolve, reject }));
    this.#out.write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
    return (await answer) as Result;
  }

  /** Hears every event of this name in a session, until the function that comes back is called. */
  on<Params>(method: string, session: string, listener: (params: Params) => void): () => void {
    const key = keyOf(method, session);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener as (params: unknown) => void));
    return () => void listeners.delete(listener as (params: unknown) => void);
  }

  /** The next event of this name in a session. Rejects where the browser goes without it. */
  async once<Params>(method: string, session: string): Promise<Params> {
    if (this.#gone) throw this.#gone;
    const params = await new Promise<unknown>((resolve, reject) => {
      const waiting = { method, resolve, reject };
      this.#events.add(waiting);
      const off = this.on(method, session, (params) => {
        off();
        this.#events.delete(waiting);
        resolve(params);
      });
    });
    return params as Params;
  }

  #read(text: string): void {
    const messages = (this.#unread + text).split('\0');
    this.#unread = messages.pop() ?? '';
    for (const message of messages) this.#take(JSON.parse(message) as Message);
  }

  #take({ id, sessionId = '', method, params, result, error }: Message): void {
    if (id === undefined) {
      for (const listener of this.#listeners.get(keyOf(method ?? '', sessionId)) ?? []) listener(params);
      return;
    }
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error) call?.reject(new Error(`${call.method}: ${error.message}`));
    else call?.resolve(result);
  }

  #end(): void {
    this.#gone = new Error('the browser has gone');
    for (const { method, reject } of [...this.#calls.values(), ...this.#events])
      reject(new Error(`the browser has gone without ${method}`));
    this.#calls.clear();
    this.#events.clear();
  }
}

function keyOf(method: string, session: string): string {
  return `${session} ${method}`;
}
