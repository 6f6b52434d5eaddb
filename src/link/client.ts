// The control process's end of the line. It keeps the whole of what is wanted and says it anew on each connection.

import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '#base/mod.ts';
import { backoffMs } from '#base/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { readValues, writeValue } from './lines.ts';
import { LineLost, Questions } from './questions.ts';
import type { Answering, Change, Failure, FromControl, FromData } from './words.ts';
import { answerTo, nameOf } from './words.ts';

export interface ConnectOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Until it resolves, not everything has been told yet: what an earlier control process told stays in force where this one
   * has said nothing. Unless given, what is known at each connection is everything.
   */
  readonly allTold?: Promise<void>;
  readonly answering: Answering;
  readonly onNews: (name: string, value: unknown) => void;
  readonly onConnection?: (connected: boolean) => void;
}

/** Makes a connection that is on its way: it emits `connect` once it stands, `close` when it is over. */
export type Connecting = () => Duplex;

export interface LinkClient {
  /** Whether the data process can be reached now. */
  readonly isConnected: boolean;
  /** Resolves once the data process has carried all of them out, however long that takes. */
  change(changes: readonly Change[]): Promise<void>;
  /** What a data process that comes anew is to hear: the one that is there knows. */
  amend(change: Change): void;
  /** Rejects where the data process is away. */
  ask(name: string, argument: unknown): Promise<unknown>;
  /** From here on nothing is told as everything any more, whatever `allTold` says. */
  holdBack(): void;
  /** Ends the line. The data process goes on with what it was told. */
  close(): Promise<void>;
}

const RECONNECT = { firstMs: 20, maxMs: 1000, factor: 2 };

/** Begins to connect, and goes on until closed. `where` is the path of a unix socket, or what else makes a connection. */
export function connectLink(where: string | Connecting, options: ConnectOptions): LinkClient {
  const line = new Line(typeof where === 'string' ? () => connect(where) : where, options);
  line.open();
  return line;
}

/** Somebody waits until the data process has what was wanted at this moment. */
interface Waiting {
  readonly changes: readonly Change[];
  readonly version: number;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

class Line implements LinkClient {
  readonly #connect: Connecting;
  readonly #options: ConnectOptions;
  readonly #wanted = new Map<string, Change>();
  readonly #waiting = new Set<Waiting>();
  readonly #questions = new Questions();
  #socket: Duplex | undefined;
  #again: Timer | undefined;
  #failures = 0;
  #version = 0;
  #isConnected = false;
  #isUnfinished: boolean;
  #isHeldBack = false;
  #isClosed = false;

  constructor(connecting: Connecting, options: ConnectOptions) {
    this.#connect = connecting;
    this.#options = options;
    this.#isUnfinished = options.allTold !== undefined;
    void options.allTold?.then(() => {
      if (this.#isHeldBack) return;
      this.#isUnfinished = false;
      if (this.#isConnected) this.#reset();
    });
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  change(changes: readonly Change[]): Promise<void> {
    for (const change of changes) this.amend(change);
    const version = ++this.#version;
    return new Promise((done, failed) => {
      if (this.#isClosed) return failed(closed());
      const waiting: Waiting = { changes, version, done, failed };
      this.#waiting.add(waiting);
      // A change that is lost on the way waits for the next reset.
      if (this.#isConnected)
        this.#send(
          (id) => this.#say({ id, op: 'change', changes }),
          () => (this.#waiting.delete(waiting) ? [waiting] : []),
        );
    });
  }

  amend(change: Change): void {
    if (change.value === undefined) this.#wanted.delete(nameOf(change));
    else this.#wanted.set(nameOf(change), change);
  }

  ask(name: string, argument: unknown): Promise<unknown> {
    if (!this.#isConnected) return Promise.reject(new LineLost('the data process is away'));
    return this.#questions.ask((id) => this.#say({ id, op: 'ask', name, argument }));
  }

  holdBack(): void {
    this.#isHeldBack = true;
    this.#isUnfinished = true;
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
    const socket = this.#connect();
    let cause: Error | undefined;
    this.#socket = socket;
    socket.on('error', (error) => (cause = error));
    socket.once('connect', () => {
      this.#isConnected = true;
      this.#failures = 0;
      this.#reset();
      this.#options.onConnection?.(true);
    });
    socket.once('close', () => this.#lost(cause));
    readValues(socket, (value) => this.#hear(value as FromData));
  }

  #reset(): void {
    const wanted = [...this.#wanted.values()];
    const [version, unfinished] = [this.#version, this.#isUnfinished];
    const told = unfinished ? 'the data process has what is known so far' : 'the data process has everything';
    this.#send(
      (id) => this.#say({ id, op: 'reset', unfinished, wanted }),
      () => this.#takeUntil(version),
      () => this.#options.log.info(told, { pieces: wanted.length }),
    );
  }

  /** The answer settles those who are taken by it; one that is lost on the way settles nobody. */
  #send(say: (id: number) => void, take: () => Waiting[], onDone = () => {}): void {
    this.#questions.ask(say).then(
      (failures) => {
        settle(take(), failures as readonly Failure[]);
        onDone();
      },
      (error: Error) => {
        if (error instanceof LineLost) return;
        this.#options.log.error('the data process could not do what it was told', { error });
        for (const { failed } of take()) failed(error);
      },
    );
  }

  #takeUntil(version: number): Waiting[] {
    const taken = [...this.#waiting].filter((waiting) => waiting.version <= version);
    for (const waiting of taken) this.#waiting.delete(waiting);
    return taken;
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
    if (wasConnected) this.#options.onConnection?.(false);
    if (this.#isClosed) return;
    if (wasConnected) this.#options.log.warn('the data process is away', { error });
    this.#failures++;
    this.#again = this.#options.clock.after(backoffMs(RECONNECT, this.#failures), () => this.open());
  }
}

function settle(waiting: readonly Waiting[], failures: readonly Failure[]): void {
  const errors = new Map(failures.map((failure) => [nameOf(failure), failure.error]));
  for (const { changes, done, failed } of waiting) {
    const error = changes.map((change) => errors.get(nameOf(change))).find((one) => one !== undefined);
    if (error === undefined) done();
    else failed(new Error(error));
  }
}

function closed(): Error {
  return new Error('the line to the data process was closed');
}
