// One request's way through: wait for a slot, send, pass bytes both ways, give the slot back. It ends exactly once.

import type { Duplex } from 'node:stream';
import type { Timer } from '#base/mod.ts';
import { backoffMs, messageOf } from '#base/mod.ts';
import type { Applicant, Denial, Visit } from './breaker.ts';
import type { Attachment } from './affinity.ts';
import { attachingCookie } from './affinity.ts';
import type { Endpoint, Protocol, Target } from './control.ts';
import type { DeadlinePorts } from './deadlines.ts';
import { Deadlines } from './deadlines.ts';
import type { Fields } from './fields.ts';
import { headerValue } from './headers.ts';
import type { Done } from './meter.ts';
import { joinPipes } from './pipes.ts';
import type { RefusalReason } from './refusals.ts';
import type { RequestTrace } from './request-trace.ts';
import { REFUSALS, refuse } from './refusals.ts';
import type { Slot } from './slot.ts';
import type {
  BodySource,
  BodyWriter,
  ClientEngine,
  Exchange,
  RawHeaders,
  ResponseHead,
  UpstreamEvents,
  UpstreamFailure,
  UpstreamStream,
} from './transport.ts';

/** Where a request goes on to, the same for all tries. */
export interface Onward {
  readonly key: string;
  readonly target: Target;
  readonly protocol: Protocol;
  /** A further port, by its name; undefined: the endpoint's own. */
  readonly port: string | undefined;
  /** Where clients stay with their endpoints. */
  readonly attachment: Attachment | undefined;
  readonly path: string;
  readonly authority: string;
  readonly fields: Fields;
  /** The traffic tag by which it came, or in Knative's words that it came by none. */
  readonly tag: string;
  /** Where its spans are recorded. */
  readonly trace?: RequestTrace | undefined;
}

export interface PassagePorts extends DeadlinePorts {
  readonly client: ClientEngine;
  readonly onRefused: (target: string, reason: RefusalReason) => void;
  /** It is over. */
  readonly onDone: (done: Done) => void;
}

/** Dialling again, as an activator does: an endpoint may be announced a moment before it listens. */
const DIAL_BACKOFF = { firstMs: 50, maxMs: 2000, factor: 1.4 };
const MAX_DIALS = 15;

/** Methods that may be sent a second time though the first may have been heard (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

type Stage = 'waiting' | 'sending' | 'answering' | 'switched' | 'over';

export class Passage implements Applicant, UpstreamEvents {
  readonly #exchange: Exchange;
  readonly #onward: Onward;
  readonly #ports: PassagePorts;
  readonly #deadlines: Deadlines;
  /** By the clock's monotonic time. */
  readonly startedMs: number;
  /** It has just begun, so that it need not look at the clock anew. */
  #begins = false;
  #sentMs: number | undefined;
  #stage: Stage = 'waiting';
  #visit: Visit | undefined;
  #slot: Slot | undefined;
  #stream: UpstreamStream | undefined;
  #redial: Timer | undefined;
  #unjoin: (() => void) | undefined;
  #bodyStarted = false;
  #bodyEnded: boolean;
  #dials = 0;
  /** What is held back now; most requests hold nothing back. */
  #held: Set<unknown> | undefined;
  #sentAgain = false;
  #status = 0;

  constructor(exchange: Exchange, onward: Onward, ports: PassagePorts) {
    this.#exchange = exchange;
    this.#onward = onward;
    this.#ports = ports;
    this.#bodyEnded = exchange.bodyLength === 0;
    this.startedMs = ports.clock.monotonic();
    this.#deadlines = new Deadlines(ports, onward.target, this.startedMs, () => this.#late());
  }

  /** The one that has the request now, or had it last. */
  get endpoint(): Endpoint | undefined {
    return this.#slot?.endpoint;
  }

  /** The trace that the application is told of. */
  get traceparent(): string | undefined {
    return headerValue(this.#onward.fields.list, 'traceparent');
  }

  /** `visit` is this passage's own stay with its target. */
  begin(visit: Visit): void {
    this.#visit = visit;
    visit.prefers = this.#onward.attachment?.token;
    this.#exchange.onClosed(() => this.#finish());
    this.#onward.trace?.waits();
    this.#begins = true;
    visit.ask();
    this.#begins = false;
  }

  /** The request has its slot. */
  admitted(slot: Slot): void {
    this.#slot = slot;
    this.#send(false);
  }

  /** The request gets none. */
  denied(reason: Denial): void {
    this.#refuse(reason);
  }

  /** The endpoint listens: the client's body may flow. */
  ready(): void {
    if (this.#stage !== 'sending' || this.#bodyStarted || this.#bodyEnded) return;
    const { body } = this.#exchange;
    const stream = this.#stream;
    this.#bodyStarted = true;
    body.start({
      data: (chunk) => {
        if (stream?.write(chunk) === false) this.#holdBack(body, stream);
      },
      end: (trailers) => {
        this.#bodyEnded = true;
        stream?.end(trailers);
      },
      failed: () => this.#breakOff(),
    });
  }

  /** Hints may come before the answer; they are no part of it, and no clock heeds them. */
  informed(head: ResponseHead): void {
    if (this.#stage === 'sending') this.#said(() => this.#exchange.inform(head));
  }

  head(head: ResponseHead, ends: boolean): void {
    if (this.#stage !== 'sending') return;
    this.#stage = 'answering';
    this.#status = head.status;
    this.#deadlines.wrote();
    if (!this.#said(() => this.#exchange.respond(this.#attached(head), ends))) return;
    if (ends) this.#finish(this.#bodyEnded);
  }

  data(chunk: Uint8Array): void {
    if (this.#stage !== 'answering') return;
    this.#deadlines.wrote();
    if (!this.#exchange.write(chunk) && this.#stream) this.#holdBack(this.#stream, this.#exchange);
  }

  end(trailers: RawHeaders): void {
    if (this.#stage !== 'answering') return;
    if (this.#said(() => this.#exchange.end(trailers))) this.#finish(this.#bodyEnded);
  }

  switched(headers: RawHeaders, pipe: Duplex): void {
    if (this.#stage !== 'sending') return void pipe.destroy();
    this.#stage = 'switched';
    this.#visit?.switched();
    this.#status = 101;
    this.#bodyEnded = true;
    // The response is what the endpoint says on the connection, not that it takes it.
    this.#deadlines.moved();
    const client = this.#exchange.switchProtocols(this.#attached({ status: 101, headers }).headers);
    this.#unjoin = joinPipes(client, pipe, {
      onBytes: (from) => (from === pipe ? this.#deadlines.wrote() : this.#deadlines.moved()),
      onClosed: () => this.#finish(),
    });
  }

  failed(failure: UpstreamFailure): void {
    if (this.#stage === 'answering') return this.#breakOff();
    if (this.#stage !== 'sending') return;
    if (this.#mayDialAgain(failure)) return this.#dialAgain(failure);
    if (this.#maySendAgain(failure)) {
      this.#sentAgain = true;
      this.#onward.trace?.failed(messageOf(failure.error));
      return this.#send(true);
    }
    this.#refuse('upstream', `${messageOf(failure.error)}\n`);
  }

  /** A client that is to stay is told where it is, unless its own endpoint was only busy. */
  #attached(head: ResponseHead): ResponseHead {
    const { attachment } = this.#onward;
    if (attachment === undefined || !this.#slot || this.#visit?.hasPreferred) return head;
    const { status, reason, headers } = head;
    return { status, reason, headers: [...headers, 'Set-Cookie', attachingCookie(attachment, this.#slot.token)] };
  }

  /** A few chunks may still come after the pause; one wait for room is enough for all of them. */
  #holdBack(from: Pick<BodySource, 'pause' | 'resume'>, to: BodyWriter): void {
    const held = (this.#held ??= new Set());
    if (held.has(from)) return;
    held.add(from);
    from.pause();
    to.onDrain(() => {
      held.delete(from);
      from.resume();
    });
  }

  /** A head or trailers that the client's protocol cannot carry are the endpoint's failure. */
  #said(say: () => void): boolean {
    try {
      say();
      return true;
    } catch (error) {
      if (this.#exchange.headSent) this.#breakOff();
      else this.#refuse('upstream', `the response cannot be passed on: ${messageOf(error)}\n`);
      return false;
    }
  }

  #send(fresh: boolean): void {
    const { endpoint } = this.#slot ?? {};
    if (!endpoint) return;
    this.#stage = 'sending';
    this.#sentMs = this.#begins ? this.startedMs : this.#ports.clock.monotonic();
    this.#onward.trace?.sends(endpoint);
    const { protocol: spoken, port: portName, path, authority, fields } = this.#onward;
    const { method, bodyLength, upgrade } = this.#exchange;
    const { host } = endpoint;
    const port = portName === undefined ? endpoint.port : endpoint.ports?.[portName];
    if (port === undefined) return this.#refuse('upstream', `the endpoint has no port ${portName}\n`);
    // A connection is handed over only by HTTP/1.1, so that is what an upgrade is asked for in.
    const protocol = upgrade === undefined ? spoken : 'http1';
    this.#stream = this.#ports.client.send(
      {
        host,
        port,
        protocol,
        method,
        target: path,
        authority,
        fields,
        bodyLength,
        fresh,
        upgrade,
      },
      this,
    );
    if (bodyLength === 0) this.#stream.end();
  }

  /** Where nothing was heard of the request, it may go elsewhere, or here a little later. */
  #mayDialAgain({ sent }: UpstreamFailure): boolean {
    return sent === 'nothing' && !this.#bodyStarted && this.#dials < MAX_DIALS;
  }

  #dialAgain({ error }: UpstreamFailure): void {
    const failed = this.#slot;
    this.#onward.trace?.failed(messageOf(error));
    this.#dials++;
    this.#stage = 'waiting';
    this.#slot = undefined;
    this.#visit?.giveBack();
    if (this.#dials === 1) return this.#visit?.ask(failed);
    this.#redial = this.#ports.clock.after(backoffMs(DIAL_BACKOFF, this.#dials - 1), () => this.#visit?.ask(failed));
  }

  /** A kept connection that closed under an idempotent request without a body says nothing about the endpoint. */
  #maySendAgain({ sent }: UpstreamFailure): boolean {
    return (
      sent === 'reused' && !this.#sentAgain && this.#exchange.bodyLength === 0 && IDEMPOTENT.has(this.#exchange.method)
    );
  }

  /** 504 while that can still be said, else the text behind what was sent already. */
  #late(): void {
    if (this.#stage === 'waiting' || this.#stage === 'sending') return this.#refuse('timeout');
    this.#ports.onRefused(this.#onward.key, 'timeout');
    this.#onward.trace?.refused('timeout');
    if (this.#stage !== 'answering' || !this.#exchange.extensible) return this.#breakOff();
    this.#exchange.write(Buffer.from(REFUSALS.timeout.body));
    this.#exchange.end();
    this.#finish();
  }

  #refuse(reason: RefusalReason, body?: string): void {
    if (this.#stage === 'over') return;
    this.#ports.onRefused(this.#onward.key, reason);
    this.#onward.trace?.refused(reason);
    this.#status = REFUSALS[reason].status;
    this.#finish();
    refuse(this.#exchange, reason, body);
  }

  /** The client must see that the answer is not whole. */
  #breakOff(): void {
    this.#finish();
    this.#exchange.abort();
  }

  /** `whole`: the endpoint has read and said all, so its connection can be kept. */
  #finish(whole = false): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    if (!whole) this.#stream?.abort();
    this.#deadlines.stop();
    this.#redial?.cancel();
    this.#unjoin?.();
    const now = this.#ports.clock.monotonic();
    this.#visit?.leave(now);
    this.#onward.trace?.ends(this.#status);
    this.#ports.onDone({
      onward: this.#onward,
      exchange: this.#exchange,
      status: this.#status,
      tookMs: now - this.startedMs,
      atEndpointMs: this.#sentMs === undefined ? undefined : now - this.#sentMs,
    });
  }
}
