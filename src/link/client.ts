// The control process's end of the line. It keeps the whole of what is wanted and says it anew on each connection.

import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Clock, Timer } from '#base/mod.ts';
import { backoffMs } from '#base/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { readValues, writeValue } from './lines.ts';
import { LineLost, Questions } from './questions.ts';
import type { Answering, Change, FromControl, FromData } from './words.ts';
import { answerTo } from './words.ts';

export interface ConnectOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Until it resolves, what an earlier control process told stays in force where this one has said nothing. */
  readonly allTold?: Promise<void>;
  readonly answering: Answering;
  readonly onNews: (name: string, value: unknown) => void;
}

export interface LinkClient {
  /** Resolves once the data process has carried all of them out, however long that takes. */
  change(changes: readonly Change[]): Promise<void>;
  /** Rejects where the data process is away. */
  ask(name: string, argument: unknown): Promise<unknown>;
  /** Ends the line. The data process goes on with what it was told. */
  close(): Promise<void>;
}

const RECONNECT = { firstMs: 20, maxMs: 1000, factor: 2 };

/** Begins to connect, and goes on until closed. */
export function connectLink(socketPath: string, options: ConnectOptions): LinkClient {
  const line = new Line(socketPath, options);
  line.open();
  return line;
}

/** Somebody waits until the data process has what was wanted at this moment. */
interface Waiting {
  readonly version: number;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

class Line implements LinkClient {
  readonly #socketPath: string;
  readonly #options: ConnectOptions;
  readonly #wanted = new Map<string, Change>();
  readonly #waiting = new Set<Waiting>();
  readonly #questions = new Questions();
  #socket: Socket | undefined;
  #again: Timer | undefined;
  #failures = 0;
  #version = 0;
  #isConnected = false;
  #isUnfinished: boolean;
  #isClosed = false;

  constructor(socketPath: string, options: ConnectOptions) {
    this.#socketPath = socketPath;
    this.#options = options;
    this.#isUnfinished = options.allTold !== undefined;
    void options.allTold?.then(() => {
      this.#isUnfinished = false;
      if (this.#isConnected) this.#reset();
    });
  }

  change(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      const name = `${change.kind}\n${change.key}`;
      if (change.value === undefined) this.#wanted.delete(name);
      else this.#wanted.set(name, change);
    }
    const version = ++this.#version;
    return new Promise((done, failed) => {
      if (this.#isClosed) return failed(closed());
      const waiting: Waiting = { version, done, failed };
      this.#waiting.add(waiting);
      // A change that is lost on the way waits for the next reset.
      if (this.#isConnected) this.#send(version, (id) => this.#say({ id, op: 'change', changes }), waiting);
    });
  }

  ask(name: string, argument: unknown): Promise<unknown> {
    if (!this.#isConnected) return Promise.reject(new LineLost('the data process is away'));
    return this.#questions.ask((id) => this.#say({ id, op: 'ask', name, argument }));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#again?.cancel();
    for (const { failed } of this.#waiting) failed(closed());
    this.#waiting.clear();
    const socket = this.#socket;
    if (!socket || socket.closed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.destroy();
    });
  }

  open(): void {
    const socket = connect(this.#socketPath);
    let cause: Error | undefined;
    this.#socket = socket;
    socket.on('error', (error) => (cause = error));
    socket.once('connect', () => {
      this.#isConnected = true;
      this.#failures = 0;
      this.#reset();
    });
    socket.once('close', () => this.#lost(cause));
    readValues(socket, (value) => this.#hear(value as FromData));
  }

  #reset(): void {
    const wanted = [...this.#wanted.values()];
    const unfinished = this.#isUnfinished;
    this.#send(this.#version, (id) => this.#say({ id, op: 'reset', unfinished, wanted }), undefined);
  }

  /** What the data process has carried out settles all that was wanted until then: it takes everything in order. */
  #send(version: number, say: (id: number) => void, alone: Waiting | undefined): void {
    this.#questions.ask(say).then(
      () =>
        this.#settle(
          (waiting) => waiting.version <= version,
          ({ done }) => done(),
        ),
      (error: Error) => {
        if (error instanceof LineLost) return;
        this.#options.log.error('the data process could not do what it was told', { error });
        this.#settle(
          (waiting) => (alone ? waiting === alone : waiting.version <= version),
          ({ failed }) => failed(error),
        );
      },
    );
  }

  #settle(isMeant: (waiting: Waiting) => boolean, run: (waiting: Waiting) => void): void {
    for (const waiting of this.#waiting) {
      if (!isMeant(waiting)) continue;
      this.#waiting.delete(waiting);
      run(waiting);
    }
  }

  #hear(message: FromData): void {
    if ('answer' in message) this.#questions.hear(message);
    else if ('news' in message) this.#options.onNews(message.news, message.value);
    else void answerTo(message, this.#options.answering).then((answer) => this.#say(answer));
  }

  #say(message: FromControl): void {
    if (this.#socket) writeValue(this.#socket, message);
  }

  #lost(error: Error | undefined): void {
    const wasConnected = this.#isConnected;
    this.#isConnected = false;
    this.#questions.lose(new LineLost('the data process went away'));
    if (this.#isClosed) return;
    if (wasConnected) this.#options.log.warn('the data process is away', { error });
    this.#failures++;
    this.#again = this.#options.clock.after(backoffMs(RECONNECT, this.#failures), () => this.open());
  }
}

function closed(): Error {
  return new Error('the line to the data process was closed');
}
