// One connection to a NATS server, kept up: what is asked has an answer, an error, or a deadline.

import { connect as connectPlain } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock, Timer } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { NatsMessage, ServerInfo, ServerWord } from './protocol.ts';
import { NatsParser, publication } from './protocol.ts';

export interface NatsOptions {
  /** `nats://host:port`, or `tls://host:port`; with `user:password@` or `token@` where the server asks for it. */
  readonly url: string;
  readonly clock: Clock;
  /** The certificate authorities that a TLS server is trusted by; the system's unless told. */
  readonly caCerts?: string;
}

/** There is no answer: the connection ended, or the time was over. Whether the question was heeded is not known. */
export class NatsUnansweredError extends Error {
  override readonly name = 'NatsUnansweredError';
}

interface Waiting {
  readonly resolve: (message: NatsMessage) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

const ANSWER_MS = 10_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;
const USUAL_PORT = 4222;

export class NatsConnection {
  readonly #options: NatsOptions;
  readonly #url: URL;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  #socket: Socket | undefined;
  /** Publications of this turn of the loop, or those that wait for a connection. */
  #out: Buffer[] = [];
  #isReady = false;
  #isFlushing = false;
  #isOpen = true;
  #asked = 0;
  #maxPayload = Number.POSITIVE_INFINITY;
  #retryMs = FIRST_RETRY_MS;

  private constructor(options: NatsOptions, inbox: string) {
    this.#options = options;
    this.#url = new URL(options.url);
    this.#inbox = inbox;
  }

  /** Connects; rejects where the server is not there or refuses. Later it connects anew by itself. */
  static async open(options: NatsOptions, inbox: string): Promise<NatsConnection> {
    const connection = new NatsConnection(options, inbox);
    try {
      await connection.#connect();
    } catch (error) {
      connection.#isOpen = false;
      throw new Error(`no NATS server answers at ${connection.#shown}: ${messageOf(error)}`, { cause: error });
    }
    return connection;
  }

  /** Publishes and resolves with the answer. The payload is copied before the call returns; calls keep their order. */
  ask(
    subject: string,
    payload: Uint8Array,
    headers: readonly (readonly [string, string])[] = [],
  ): Promise<NatsMessage> {
    if (!this.#isOpen) return Promise.reject(new NatsUnansweredError('the connection to NATS is closed'));
    if (payload.length > this.#maxPayload) {
      const message = `NATS at ${this.#shown} takes at most ${this.#maxPayload} bytes (max_payload), but the message has ${payload.length}`;
      return Promise.reject(new RangeError(message));
    }
    const reply = `${this.#inbox}.${(this.#asked++).toString(36)}`;
    this.#out.push(publication(subject, reply, payload, headers));
    this.#flushSoon();
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(ANSWER_MS, () =>
        this.#fail(
          reply,
          new NatsUnansweredError(`NATS at ${this.#shown} did not answer at ${subject} within ${ANSWER_MS / 1000} s`),
        ),
      );
      this.#waiting.set(reply, { resolve, reject, timer });
    });
  }

  close(): void {
    this.#isOpen = false;
    this.#lose(new NatsUnansweredError('the connection to NATS was closed'));
    this.#socket?.destroy();
  }

  /** Without what is secret. */
  get #shown(): string {
    return `${this.#url.hostname}:${this.#url.port || USUAL_PORT}`;
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const host = this.#url.hostname;
      const port = Number(this.#url.port || USUAL_PORT);
      const parser = new NatsParser();
      const socket = connectPlain({ host, port, noDelay: true });
      this.#socket = socket;
      let reason: Error = new Error('the connection ended');
      const listen = (over: Socket) => {
        over.on('data', (chunk: Buffer) => {
          try {
            for (const word of parser.take(chunk)) this.#hear(word, over, greeted);
          } catch (error) {
            over.destroy(error instanceof Error ? error : new Error(String(error)));
          }
        });
        over.on('error', (error) => (reason = error));
        over.on('close', () => {
          reject(reason);
          if (over === this.#socket) this.#closed(reason);
        });
      };
      const refuse = (error: Error) => {
        reason = error;
        this.#socket?.destroy();
      };
      const greeted = {
        /** The server's first word, in the clear; the rest may be TLS. */
        info: (info: ServerInfo) => {
          this.#maxPayload = info.max_payload ?? this.#maxPayload;
          if (this.#url.protocol !== 'tls:' && !info.tls_required) return this.#greet(socket);
          socket.removeAllListeners();
          const secure = connectTls({
            socket,
            servername: host,
            ...(this.#options.caCerts && { ca: this.#options.caCerts }),
          });
          this.#socket = secure;
          listen(secure);
          secure.once('secureConnect', () => this.#greet(secure));
        },
        ready: () => {
          this.#isReady = true;
          this.#retryMs = FIRST_RETRY_MS;
          this.#flush();
          resolve();
        },
        refuse,
      };
      listen(socket);
    });
  }

  #greet(socket: Socket): void {
    this.#greeted.add(socket);
    const { username, password } = this.#url;
    const user = decodeURIComponent(username);
    const access = password ? { user, pass: decodeURIComponent(password) } : user ? { auth_token: user } : {};
    const words = {
      verbose: false,
      pedantic: false,
      headers: true,
      no_responders: true,
      name: 'ebb',
      lang: 'ebb',
      version: '1',
      ...access,
    };
    socket.write(`CONNECT ${JSON.stringify(words)}\r\nSUB ${this.#inbox}.* 1\r\nPING\r\n`);
  }

  #hear(
    word: ServerWord,
    socket: Socket,
    greeted: { info: (info: ServerInfo) => void; ready: () => void; refuse: (error: Error) => void },
  ): void {
    switch (word.kind) {
      case 'message':
        return this.#answer(word.message);
      case 'ping':
        return void socket.write('PONG\r\n');
      case 'pong':
        if (!this.#isReady) greeted.ready();
        return;
      case 'info':
        // A server tells of itself again when its cluster changes; only the first time asks for a greeting.
        if (!this.#isGreeted(socket)) greeted.info(word.info);
        return;
      case 'error':
        // The server ends the connection after most of its errors.
        return greeted.refuse(new Error(word.text));
      case 'ok':
        return;
    }
  }

  readonly #greeted = new WeakSet<Socket>();

  #isGreeted(socket: Socket): boolean {
    const was = this.#greeted.has(socket);
    this.#greeted.add(socket);
    return was;
  }

  #answer(message: NatsMessage): void {
    const waiting = this.#take(message.subject);
    if (!waiting) return;
    if (message.status === 503)
      waiting.reject(new Error(`nobody listens: JetStream is not enabled at ${this.#shown}, or not for this account`));
    else waiting.resolve(message);
  }

  #take(reply: string): Waiting | undefined {
    const waiting = this.#waiting.get(reply);
    this.#waiting.delete(reply);
    waiting?.timer.cancel();
    return waiting;
  }

  #fail(reply: string, error: Error): void {
    this.#take(reply)?.reject(error);
  }

  #closed(reason: Error): void {
    this.#isReady = false;
    this.#socket = undefined;
    this.#lose(new NatsUnansweredError(`the connection to NATS at ${this.#shown} ended: ${reason.message}`));
    if (!this.#isOpen) return;
    this.#options.clock.after(this.#retryMs, () => {
      if (this.#isOpen && !this.#socket) this.#connect().catch(() => undefined);
    });
    this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2);
  }

  /** Whoever waits learns that no answer will come; what was not sent is not sent later either. */
  #lose(error: Error): void {
    this.#out = [];
    for (const reply of this.#waiting.keys()) this.#fail(reply, error);
  }

  #flushSoon(): void {
    if (this.#isFlushing || !this.#isReady) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      if (this.#isReady) this.#flush();
    });
  }

  #flush(): void {
    if (this.#out.length > 0) this.#socket?.write(Buffer.concat(this.#out));
    this.#out = [];
  }
}
