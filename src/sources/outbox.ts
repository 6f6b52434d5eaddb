// Sends the events of sources: each as a POST in binary mode, tried again after 50 ms, then twice as long, five times in all.

import type { Clock } from '#base/mod.ts';
import { backoffMs, messageOf, sleep } from '#base/mod.ts';
import type { CloudEvent, Send } from '#events/mod.ts';
import { encodeBinary, textOf } from '#events/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { SinkAddress } from './sinks.ts';

export interface Parcel {
  readonly event: CloudEvent;
  readonly to: SinkAddress;
  /** The namespace of the source; receivers are told. */
  readonly namespace: string;
  /** The ServiceAccount of the source, in its namespace. */
  readonly identity?: string | undefined;
  /** Waited before the first attempt, in milliseconds. */
  readonly delayMs?: number;
}

export type Delivered =
  | { readonly outcome: 'accepted'; readonly status: number }
  | { readonly outcome: 'lost'; readonly why: string };

export interface OutboxPorts {
  readonly send: Send;
  /** A token of a ServiceAccount ("namespace/name") for an audience. */
  readonly giveToken: (identity: string, audience: string) => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
}

const RETRY = { firstMs: 50, maxMs: 60_000, factor: 2 };
const RETRIES = 5;
/** A subscriber that wakes from zero may take its time. */
const ATTEMPT_MS = 60_000;
/** Of a client's mistakes those that may mend themselves. */
const RETRYABLE_4XX = new Set([404, 408, 409, 425, 429]);

export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #under = new Set<Promise<unknown>>();
  readonly #end = new AbortController();

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  /** Sends an event. Never rejects: what is lost is told, and logged. */
  post(parcel: Parcel): Promise<Delivered> {
    const sent = this.#deliver(parcel).then((delivered) => {
      if (delivered.outcome === 'lost') this.#tell(parcel, delivered.why);
      return delivered;
    });
    this.#under.add(sent);
    void sent.finally(() => this.#under.delete(sent));
    return sent;
  }

  /** Lets what is under way finish for so long, and gives the rest up. */
  async close(graceMs: number): Promise<void> {
    const timer = this.#ports.clock.after(graceMs, () => this.#end.abort(new Error('the platform stops')));
    await Promise.all(this.#under);
    timer.cancel();
    this.#end.abort(new Error('the platform has stopped'));
  }

  async #deliver(parcel: Parcel): Promise<Delivered> {
    const { clock } = this.#ports;
    try {
      if (parcel.delayMs) await sleep(clock, parcel.delayMs, this.#end.signal);
      for (let retries = 0; ; retries++) {
        const attempt = await this.#attempt(parcel);
        if (!('why' in attempt)) return { outcome: 'accepted', status: attempt.status };
        if (!attempt.isRetryable || retries >= RETRIES) return { outcome: 'lost', why: attempt.why };
        await sleep(clock, backoffMs(RETRY, retries + 1), this.#end.signal);
      }
    } catch (thrown) {
      return { outcome: 'lost', why: messageOf(thrown) };
    }
  }

  async #attempt(parcel: Parcel): Promise<{ status: number } | { why: string; isRetryable: boolean }> {
    const url = URL.parse(parcel.to.url);
    if (!url) return { why: `${parcel.to.url} is no URL`, isRetryable: false };
    const late = new AbortController();
    const timer = this.#ports.clock.after(ATTEMPT_MS, () => late.abort(new Error(`no answer within ${ATTEMPT_MS} ms`)));
    try {
      const { status } = await this.#send(url, parcel, AbortSignal.any([late.signal, this.#end.signal]));
      if (status >= 200 && status < 300) return { status };
      return { why: `the sink answered ${status}`, isRetryable: status >= 500 || RETRYABLE_4XX.has(status) };
    } catch (thrown) {
      return { why: messageOf(thrown), isRetryable: !this.#end.signal.aborted };
    } finally {
      timer.cancel();
    }
  }

  async #send(url: URL, { event, to, namespace, identity }: Parcel, signal: AbortSignal) {
    const { headers, body } = encodeBinary(event);
    const token =
      identity && to.audience ? await this.#ports.giveToken(`${namespace}/${identity}`, to.audience) : undefined;
    return this.#ports.send(
      {
        url,
        ...(to.CACerts ? { caCerts: to.CACerts } : {}),
        headers: [...headers, 'Kn-Namespace', namespace, ...(token ? ['Authorization', `Bearer ${token}`] : [])],
        body,
      },
      signal,
    );
  }

  #tell({ event, to }: Parcel, why: string): void {
    const fields = {
      sink: to.url,
      source: textOf(event, 'source'),
      type: textOf(event, 'type'),
      id: textOf(event, 'id'),
    };
    this.#ports.log.warn('an event of a source was lost', { ...fields, error: why });
  }
}
