// Invocations by HTTP: requests taken with their bodies, and the status, result and end of each under its own path.

import { headerValue, messageOf } from '#base/mod.ts';
import type { BodyFault, BodyLimits } from '#events/mod.ts';
import { Bodies } from '#events/mod.ts';
import type { AsyncInvocations, AsyncRule, AsyncSource, Door, Exchange, RefusalReason } from '#gateway/mod.ts';
import { INVOCATIONS_PATH, preferencesIn, REFUSALS, RESPOND_ASYNC, WAIT, withoutPreferences } from '#gateway/mod.ts';
import { ATTEMPT_HEADER, ID_HEADER } from './attempts.ts';
import type { Taken } from './intake.ts';
import type { Invocations } from './invocations.ts';
import type { Invocation } from './ledger.ts';
import { isOver } from './ledger.ts';
import { SETTING_PREFIX, settingsOf } from './settings.ts';
import type { Status } from './status.ts';
import { locationOf, statusOfOpen, statusOfOver } from './status.ts';
import type { KeptRequest } from './words.ts';

export const BODY_LIMITS: BodyLimits = { bodyBytes: 16 * 2 ** 20, heldBytes: 128 * 2 ** 20 };

const KEY = 'idempotency-key';
const MAX_KEY = 255;
/** A client that waits is told the status after at most this long, whatever it asked for. */
const MAX_WAIT_SECONDS = 60;
/** Clients that may wait at the same time; any further one is answered without waiting. */
const MAX_WAITING = 1000;
/** When a client may ask again. */
const ASK_AGAIN = ['Retry-After', '1'];
/** When a client may ask again after these refusals; every 429 says it by itself. */
const LATER: Partial<Record<RefusalReason, readonly string[]>> = {
  'async-unfinished': ASK_AGAIN,
  'async-unavailable': ['Retry-After', '5'],
  'async-disk-full': ['Retry-After', '30'],
};
/** Fields that say how the answer was framed: it is framed anew when it is sent on. */
const FRAMING = /^(content-length|transfer-encoding|connection|keep-alive)$/i;

export interface DeskPorts {
  readonly limits?: BodyLimits;
  /** What is known at once to be wrong with where a result is to go. */
  readonly callbackFault?: (url: URL, rule: AsyncRule, door: Door) => string | undefined;
}

/** Fills the gateway's port. */
export function serveInvocations(invocations: Invocations, ports: DeskPorts = {}): AsyncInvocations {
  return new Desk(invocations, ports);
}

class Desk implements AsyncInvocations {
  readonly #invocations: Invocations;
  readonly #bodies: Bodies;
  readonly #callbackFault: DeskPorts['callbackFault'];
  #waiting = 0;

  constructor(invocations: Invocations, { limits = BODY_LIMITS, callbackFault }: DeskPorts) {
    this.#invocations = invocations;
    this.#bodies = new Bodies(limits);
    this.#callbackFault = callbackFault;
  }

  take(exchange: Exchange, from: AsyncSource): void {
    const read = settingsOf(exchange.headers, from.rule);
    if ('fault' in read) return say(from, read.reason, read.fault);
    const { callback } = read.settings;
    const fault = callback && this.#callbackFault?.(new URL(callback), from.rule, from.door);
    if (fault) return say(from, 'async-callback', fault);
    const key = keyOf(exchange.headers);
    if (key === null) return say(from, 'async-setting', `${KEY} is longer than ${MAX_KEY} characters, or empty`);
    const { service } = from;
    this.#bodies.take(
      exchange,
      (body) =>
        unlessBroken(exchange, from, async () => {
          const request = keptOf(exchange, from, body);
          const taken = await this.#invocations.accept({ service, request, settings: read.settings, key });
          await this.#answerTaken(exchange, from, taken);
        }),
      (fault) => this.#refuseBody(from, fault),
    );
  }

  serve(exchange: Exchange, from: AsyncSource): void {
    void unlessBroken(exchange, from, async () => {
      await this.#invocations.opened;
      await this.#serve(exchange, from);
    });
  }

  async #serve(exchange: Exchange, from: AsyncSource): Promise<void> {
    const [id = '', part] = partsOf(exchange.target);
    const invocation = this.#invocations.find(from.service, id);
    if (!invocation || (part !== undefined && part !== 'result')) return say(from, 'async-unknown');
    const isRead = exchange.method === 'GET' || exchange.method === 'HEAD';
    if (exchange.method === 'DELETE' && part === undefined) return this.#cancel(exchange, from, invocation);
    if (!isRead) return say(from, 'async-method', undefined, ['Allow', part ? 'GET, HEAD' : 'GET, HEAD, DELETE']);
    if (!(await this.#wait(exchange, invocation))) return;
    if (part === 'result') return this.#answerResult(exchange, from, invocation);
    await this.#answerStatus(exchange, from, invocation, 200);
  }

  async #answerTaken(exchange: Exchange, from: AsyncSource, taken: Taken): Promise<void> {
    if ('refusal' in taken) return say(from, taken.refusal, taken.detail);
    const { invocation, isReplayed } = taken;
    if (!(await this.#wait(exchange, invocation))) return;
    const replayed = isReplayed ? ['Idempotent-Replayed', 'true'] : [];
    const headers = ['Location', locationOf(invocation.id), ...replayed];
    // A client that would have waited so long has its answer as if it had not asked.
    if (isOver(invocation) && waitOf(exchange) !== undefined)
      return this.#answerResult(exchange, from, invocation, [...headers, 'Preference-Applied', WAIT]);
    await this.#answerStatus(exchange, from, invocation, 202, [...headers, 'Preference-Applied', RESPOND_ASYNC]);
  }

  async #cancel(exchange: Exchange, from: AsyncSource, invocation: Invocation): Promise<void> {
    if (!(await this.#invocations.cancel(invocation))) return say(from, 'async-over');
    await this.#answerStatus(exchange, from, invocation, 200);
  }

  async #answerStatus(
    exchange: Exchange,
    from: AsyncSource,
    invocation: Invocation,
    code: number,
    headers: readonly string[] = [],
  ): Promise<void> {
    const status = await this.#statusOf(invocation);
    if (!status) return say(from, 'async-unknown');
    const again = isOver(invocation) ? [] : ASK_AGAIN;
    const body = Buffer.from(`${JSON.stringify(status)}\n`);
    const all = [...headers, ...again, ID_HEADER, invocation.id, 'Content-Type', 'application/json'];
    answer(exchange, code, [...all, 'Cache-Control', 'no-store'], body);
  }

  async #statusOf(invocation: Invocation): Promise<Status | undefined> {
    if (!isOver(invocation)) return statusOfOpen(invocation);
    const found = await this.#invocations.finished(invocation);
    return found && statusOfOver(invocation, found.entry);
  }

  /** As the function gave it. */
  async #answerResult(
    exchange: Exchange,
    from: AsyncSource,
    invocation: Invocation,
    headers: readonly string[] = [],
  ): Promise<void> {
    if (!isOver(invocation)) return say(from, 'async-unfinished', `it is ${invocation.state}`);
    const found = await this.#invocations.finished(invocation);
    if (!found) return say(from, 'async-unknown');
    const { answer: given, ending, why } = found.entry;
    if (ending === 'cancelled') return say(from, 'async-cancelled');
    if (!given) return say(from, 'async-no-answer', why);
    const told = given.headers.filter((_, i) => !FRAMING.test(given.headers[i - (i % 2)] ?? ''));
    answer(exchange, given.status, [...told, ...headers, ID_HEADER, invocation.id], found.body);
  }

  /** Waits as long as the client prefers to. False: the client has gone meanwhile. */
  async #wait(exchange: Exchange, invocation: Invocation): Promise<boolean> {
    const seconds = waitOf(exchange);
    if (seconds === undefined || this.#waiting >= MAX_WAITING || isOver(invocation)) return true;
    const gone = new AbortController();
    exchange.onClosed(() => gone.abort());
    this.#waiting++;
    await this.#invocations.overWithin(invocation, seconds * 1000, gone.signal);
    this.#waiting--;
    return !gone.signal.aborted;
  }

  #refuseBody(from: AsyncSource, fault: BodyFault): void {
    if (fault === 'too-large') say(from, 'async-too-large', `it may have ${this.#bodies.limits.bodyBytes} bytes`);
    else say(from, fault === 'busy' ? 'async-busy' : 'async-body-broken-off');
  }
}

/** Answers 503 where the log cannot be read, as long as no answer has begun. */
async function unlessBroken(exchange: Exchange, from: AsyncSource, serve: () => Promise<void>): Promise<void> {
  try {
    await serve();
  } catch (error) {
    if (exchange.headSent) exchange.abort();
    else say(from, 'async-unavailable', messageOf(error));
  }
}

/** The reason's own text, and what was met. */
function say({ refuse }: AsyncSource, reason: RefusalReason, detail?: string, headers = LATER[reason]): void {
  const text = REFUSALS[reason].body;
  refuse(reason, detail === undefined ? text : `${text.trimEnd()}: ${detail}\n`, headers);
}

function answer(exchange: Exchange, status: number, headers: readonly string[], body: Uint8Array): void {
  // Answers of these statuses have no body, and no Content-Length.
  const isBodyless = status === 204 || status === 304;
  const isEmpty = isBodyless || exchange.method === 'HEAD' || body.length === 0;
  const length = isBodyless ? [] : ['Content-Length', String(body.length)];
  exchange.respond({ status, headers: [...headers, ...length] }, isEmpty);
  if (isEmpty) return;
  exchange.write(body);
  exchange.end();
}

/** What stands behind the path of invocations. */
function partsOf(target: string): string[] {
  const query = target.indexOf('?');
  return target.slice(INVOCATIONS_PATH.length, query < 0 ? undefined : query).split('/', 3);
}

/** Seconds of `Prefer: wait`; undefined where there is none that can be read. */
function waitOf({ headers }: Exchange): number | undefined {
  const text = preferencesIn(headers).get(WAIT) ?? '';
  return /^[0-9]{1,6}$/.test(text) ? Math.min(Number(text), MAX_WAIT_SECONDS) : undefined;
}

/** The idempotency key, with or without the quotes of a structured field; null where it is no key. */
function keyOf(headers: readonly string[]): string | null | undefined {
  const key = headerValue(headers, KEY)
    ?.trim()
    .replace(/^"(.*)"$/, '$1');
  if (key === undefined) return undefined;
  return key === '' || key.length > MAX_KEY ? null : key;
}

/** The request as it is carried out later: without what was said to the gateway alone. */
function keptOf(exchange: Exchange, { door }: AsyncSource, body: Uint8Array): KeptRequest {
  const { scheme, method, target, authority, remoteAddress } = exchange;
  const passed = withoutPreferences(exchange.headers, [RESPOND_ASYNC, WAIT]);
  const headers = passed.filter((_, i) => !isOurs((passed[i - (i % 2)] ?? '').toLowerCase()));
  return { door, scheme, method, target, authority, headers, remoteAddress, body };
}

function isOurs(name: string): boolean {
  return name.startsWith(SETTING_PREFIX) || OURS.has(name);
}

const OURS = new Set([ID_HEADER, ATTEMPT_HEADER].map((name) => name.toLowerCase()));
