// Results sent to those who asked for them: tried again for some minutes, at least once.

import type { CancelSignal, Clock } from '#base/mod.ts';
import { messageOf, within } from '#base/mod.ts';
import type { Delivery } from '#events/mod.ts';
import { nextAttempt, retryAfterMs } from '#events/mod.ts';
import type { CalledBack, Finished } from './entry.ts';
import type { Invocation } from './ledger.ts';
import { Runner } from './runner.ts';
import type { Callback, Outcome, ResultCall } from './words.ts';

/** Eight attempts over about two minutes; a receiver may ask for more time between them. */
const DELIVERY: Delivery = {
  retry: 7,
  backoffPolicy: 'exponential',
  backoffDelayMs: 1000,
  retryAfterMaxMs: 300_000,
};
const TIMEOUT_MS = 30_000;
/** Results that are sent at the same time: to one host, to all hosts, and their bytes. */
const PARALLELISM = 10;
const AT_ONCE = 100;
const BYTES_AT_ONCE = 64 * 2 ** 20;
/** The wait after a failure of the platform itself. */
const TROUBLE_MS = 1000;

export interface CallbacksPorts {
  readonly clock: Clock;
  readonly post: (call: ResultCall, signal: CancelSignal) => Promise<Outcome>;
  readonly read: (
    invocation: Invocation,
  ) => Promise<{ readonly entry: Finished; readonly body: Uint8Array } | undefined>;
  readonly write: (entry: CalledBack) => Promise<void>;
  readonly onTrouble: (message: string, fields: Record<string, unknown>) => void;
}

export class Callbacks {
  readonly #ports: CallbacksPorts;
  readonly #runner: Runner<Invocation>;
  #isClosed = false;

  constructor(ports: CallbacksPorts) {
    this.#ports = ports;
    this.#runner = new Runner({
      clock: ports.clock,
      atOnce: AT_ONCE,
      bytesAtOnce: BYTES_AT_ONCE,
      berthOf: ({ settings, bytes }) => ({
        lane: URL.parse(settings.callback ?? '')?.host ?? '',
        parallelism: PARALLELISM,
        bytes,
      }),
      work: (invocation, signal) => this.#work(invocation, signal),
    });
  }

  start(): void {
    this.#runner.start();
  }

  /** Sends nothing until it is started again. */
  rest(): void {
    this.#runner.rest();
  }

  /** Sends the result of one that is over. */
  add(invocation: Invocation): void {
    this.#runner.add(invocation);
  }

  close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    return this.#runner.close(graceMs);
  }

  async #work(invocation: Invocation, signal: AbortSignal): Promise<number | undefined> {
    try {
      return await this.#attempt(invocation, signal);
    } catch (error) {
      if (this.#isClosed) return undefined;
      this.#ports.onTrouble('a result could not be sent and is tried again', {
        error: messageOf(error),
        invocation: invocation.id,
      });
      return TROUBLE_MS;
    }
  }

  async #attempt(invocation: Invocation, signal: AbortSignal): Promise<number | undefined> {
    const { clock, post, read, write } = this.#ports;
    const found = await read(invocation);
    const to = found?.entry.callback;
    if (!found || !to) return undefined;
    const call: ResultCall = { ...to, headers: headersOf(invocation, found.entry), body: found.body };
    const outcome = await within(clock, TIMEOUT_MS, signal, (late) => post(call, late));
    if (signal.aborted) return undefined;
    const attempts = (invocation.callback?.attempts ?? 0) + 1;
    const { wait, callback } = verdictOf(outcome, attempts, clock.now());
    invocation.callback = callback;
    if (wait !== undefined) return wait;
    await write({ kind: 'called-back', id: invocation.id, callback });
    return undefined;
  }
}

/** What became of a sending, and after how long it is tried again, if at all. Pure. */
export function verdictOf(outcome: Outcome, attempts: number, now: number): { wait?: number; callback: Callback } {
  const isAnswer = 'status' in outcome;
  const last = isAnswer ? { status: outcome.status } : { error: outcome.error };
  if (isAnswer && outcome.status >= 200 && outcome.status < 300)
    return { callback: { state: 'delivered', attempts, ...last } };
  const isRetryable = isAnswer ? mayMend(outcome.status) : outcome.isFinal !== true;
  const asked = isAnswer ? retryAfterMs(outcome.headers, now) : undefined;
  const failure = { status: 0, data: '', isRetryable, ...(asked === undefined ? {} : { retryAfterMs: asked }) };
  const wait = nextAttempt(DELIVERY, attempts, failure);
  if (wait === undefined) return { callback: { state: 'failed', attempts, ...last } };
  return { wait, callback: { state: 'pending', attempts, ...last } };
}

function mayMend(status: number): boolean {
  return status >= 500 || status === 404 || status === 408 || status === 409 || status === 425 || status === 429;
}

/** Whatever the answer says of its body, and what became of the invocation. */
function headersOf({ id, service }: Invocation, { ending, answer, attempts, why }: Finished): string[] {
  const out: string[] = [];
  const told = answer?.headers ?? [];
  for (let i = 0; i < told.length; i += 2)
    if (/^content-(type|encoding|language|disposition)$/i.test(told[i] ?? ''))
      out.push(told[i] ?? '', told[i + 1] ?? '');
  out.push('Ebb-Invocation-Id', id, 'Ebb-Invocation-Service', service, 'Ebb-Invocation-State', ending);
  out.push('Ebb-Invocation-Attempts', String(attempts.length));
  if (answer) out.push('Ebb-Invocation-Status', String(answer.status));
  if (why !== undefined) out.push('Ebb-Invocation-Error', why.replace(/[^\x20-\x7e]/g, '?'));
  return out;
}
