// A gateway: listeners, routes, breakers, and the control over them, started and stopped as one.

import type { Clock, Random, Timer } from '#base/mod.ts';
import type { Logger, Metrics, Tracer } from '#telemetry/mod.ts';
import { parseTraceparent, TRACE_FIELD } from '#telemetry/mod.ts';
import { Activator } from './activator.ts';
import type { AsyncInvocations } from './async.ts';
import { Certificates } from './certificates.ts';
import type { GatewayControl, IngressRules, TargetReport, WakeListener } from './control.ts';
import type { Meter } from './meter.ts';
import { headerValue } from './headers.ts';
import { createMeter, showLevels } from './meter.ts';
import { Mirrors } from './mirror.ts';
import { ProtocolFinder } from './protocol-finder.ts';
import { RefusalLedger } from './refusals.ts';
import type { Door } from './routes.ts';
import { RequestTraces } from './request-trace.ts';
import { RouteTable } from './routes.ts';
import { sendToTls } from './redirect.ts';
import { createServe } from './serve.ts';
import type { RequestLogSink } from './request-log.ts';
import { RequestLogs } from './request-log.ts';
import type { Exchange, Listening, ServerLimits, Transport } from './transport.ts';

export interface GatewayPorts {
  /** HTTP/1.1 and HTTP/2 without TLS, for everybody; 0: any free port. */
  readonly http: number;
  readonly https?: number;
  /** Shows internal hosts, too. */
  readonly internal?: number;
  /** The same with TLS. */
  readonly internalTls?: number;
}

export interface GatewayOptions {
  readonly ports: GatewayPorts;
  /** Address to listen at, `127.0.0.1` for this machine only. */
  readonly host: string;
  /** Address of the https listener; the same unless told. */
  readonly httpsHost?: string;
  /** Address of the internal listener; the same unless told. */
  readonly internalHost?: string;
  /** The port that redirects to https name; that of the https listener unless told. */
  readonly publicHttpsPort?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Without one nothing is traced. */
  readonly tracer?: Tracer;
  readonly transport: Transport;
  readonly limits?: Partial<ServerLimits>;
  /** Bound of requests that wait for one target. */
  readonly maxWaiting?: number;
  /** Where lines of the request log go; nowhere unless told. */
  readonly requestLog?: RequestLogSink;
  /** Serves requests that no route has, where they are its own: false where they are not. */
  readonly ingest?: ((exchange: Exchange) => boolean) | undefined;
  /** Whether all routes have been told; unless given, what is told is all there is. Until then nobody is told that there is none. */
  readonly isTold?: () => boolean;
  /** Carries out requests whose clients do not wait for the answer; without it they wait. */
  readonly async?: AsyncInvocations | undefined;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface GatewayAddress {
  readonly http: ListenAddress;
  readonly https?: ListenAddress;
  readonly internal?: ListenAddress;
  readonly internalTls?: ListenAddress;
}

export interface Gateway {
  readonly address: GatewayAddress;
  readonly control: GatewayControl;
  /** Serves a request that came in by another way than a listener, as if it had come by that door. */
  serve(exchange: Exchange, door: Door): void;
  /** Whether a route leads from here to somewhere. */
  hasRoute(door: Door, authority: string, target: string): boolean;
  /** Takes no new connection, lets what is in flight finish for `graceMs` (30 s unless told), then cuts it. */
  close(graceMs?: number): Promise<void>;
}

/** What a client may take unless told otherwise: heads as large as Envoy takes, and as long as nginx waits. */
export const DEFAULT_LIMITS: ServerLimits = {
  maxHeadBytes: 60 * 1024,
  headTimeoutMs: 60_000,
  keepAliveMs: 75_000,
  lingerMs: 2000,
};

const REPORT_MS = 1000;
const CLOSE_GRACE_MS = 30_000;
const NO_HEADERS = { headers: [] };

/** Resolves when all listeners accept connections; where one cannot be opened, the others are closed again. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const core = new GatewayCore(options);
  await core.listen();
  return core;
}

class GatewayCore implements Gateway, GatewayControl {
  readonly control: GatewayControl = this;
  readonly #options: GatewayOptions;
  readonly #ingresses = new Map<string, IngressRules>();
  readonly #certificates = new Certificates();
  readonly #client;
  readonly #ledger: RefusalLedger;
  readonly #meter: Meter;
  readonly #activator: Activator;
  readonly #protocols: ProtocolFinder;
  readonly #serve: (exchange: Exchange, door: Door) => void;
  readonly #reportListeners = new Set<(reports: readonly TargetReport[]) => void>();
  readonly #wakeListeners = new Set<WakeListener>();
  readonly #listening = new Map<keyof GatewayAddress, Listening>();
  /** Undefined where a change has come since it was built: many changes at once build it once. */
  #routes: RouteTable | undefined;
  #tick: Timer | undefined;
  #isClosing = false;

  constructor(options: GatewayOptions) {
    const { clock, random, metrics, tracer, transport, maxWaiting } = options;
    const traces = tracer && new RequestTraces(tracer);
    this.#options = options;
    this.#client = transport.client();
    this.#protocols = new ProtocolFinder(this.#client);
    this.#meter = createMeter(metrics);
    this.#ledger = new RefusalLedger(clock, metrics);
    this.#activator = new Activator({
      clock,
      random,
      onWake: (target) => this.#wake(target, traces?.waker(target)),
      onIdleGone: ({ host, port }) => this.#client.forget(host, port),
      ...(maxWaiting === undefined ? {} : { maxWaiting }),
    });
    this.#serve = createServe({
      clock,
      random,
      client: this.#client,
      activator: this.#activator,
      ledger: this.#ledger,
      routes: () => this.#table(),
      isTold: options.isTold ?? (() => true),
      httpsPort: () => options.publicHttpsPort ?? this.#listening.get('https')?.port,
      isClosing: () => this.#isClosing,
      onDone: (done) => this.#meter.done(done),
      traces,
      onTurnedAway: (exchange, status) => this.#meter.turnedAway(exchange, status),
      mirrors: new Mirrors(random, metrics),
      requestLogs: new RequestLogs(clock, options.requestLog ?? (() => {})),
      ingest: options.ingest,
      async: options.async,
    });
    showLevels(metrics, this.#activator);
  }

  get address(): GatewayAddress {
    const out: { -readonly [name in keyof GatewayAddress]?: ListenAddress } = {};
    for (const [name, { host, port }] of this.#listening) out[name] = { host, port };
    return out as GatewayAddress;
  }

  async listen(): Promise<void> {
    const { ports, host, httpsHost = host, internalHost = host } = this.#options;
    try {
      await this.#open('http', host, ports.http, 'external');
      if (ports.https !== undefined) await this.#open('https', httpsHost, ports.https, 'external');
      if (ports.internal !== undefined) await this.#open('internal', internalHost, ports.internal, 'internal');
      if (ports.internalTls !== undefined) await this.#open('internalTls', internalHost, ports.internalTls, 'internal');
    } catch (error) {
      await this.close(0);
      throw error;
    }
    this.#tick = this.#options.clock.after(REPORT_MS, () => this.#report());
    this.#options.log.info('gateway listens', { ...this.address });
  }

  serve(exchange: Exchange, door: Door): void {
    try {
      this.#serve(exchange, door);
    } catch (error) {
      this.#options.log.error('request failed in the gateway', {
        error,
        host: exchange.authority,
        target: exchange.target,
        [TRACE_FIELD]: parseTraceparent(headerValue(exchange.headers, 'traceparent'))?.traceId,
      });
      exchange.abort();
    }
  }

  hasRoute(door: Door, authority: string, target: string): boolean {
    return this.#table().find(door, authority, target, NO_HEADERS) !== undefined;
  }

  #table(): RouteTable {
    return (this.#routes ??= new RouteTable(this.#ingresses));
  }

  async close(graceMs = CLOSE_GRACE_MS): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#listening.values()].map((listening) => listening.close(graceMs)));
    this.#tick?.cancel();
    this.#client.close();
  }

  async setIngress(key: string, rules: IngressRules | undefined): Promise<void> {
    this.#certificates.set(key, rules);
    if (rules) this.#ingresses.set(key, rules);
    else this.#ingresses.delete(key);
    this.#routes = undefined;
  }

  async setTarget(...[key, target]: Parameters<GatewayControl['setTarget']>): Promise<void> {
    if (!target) this.#protocols.forget(key);
    await this.#protocols.settle(key, target, (settled) => {
      const before = settled ? undefined : this.#activator.target(key);
      this.#activator.set(key, settled);
      if (before) this.#meter.gone(key, before);
    });
  }

  drain(endpointId: string, deadlineMs: number): Promise<{ left: number }> {
    return this.#activator.drain(endpointId, deadlineMs);
  }

  onReport(listen: (reports: readonly TargetReport[]) => void): () => void {
    this.#reportListeners.add(listen);
    return () => void this.#reportListeners.delete(listen);
  }

  onWake(listen: WakeListener): () => void {
    this.#wakeListeners.add(listen);
    return () => void this.#wakeListeners.delete(listen);
  }

  async refusals() {
    return this.#ledger.list();
  }

  async #open(name: keyof GatewayAddress, host: string, port: number, door: Door): Promise<void> {
    const { transport, limits } = this.#options;
    const speaksTls = name === 'https' || name === 'internalTls';
    const listening = await transport.listen(
      {
        host,
        port,
        limits: { ...DEFAULT_LIMITS, ...limits },
        onRefused: () => this.#ledger.count('', 'malformed'),
        ...(name === 'https' || name === 'internalTls'
          ? { tls: (serverName: string) => this.#certificates.find(serverName) }
          : {}),
      },
      (exchange) => (speaksTls && exchange.scheme === 'http' ? sendToTls(exchange) : this.serve(exchange, door)),
    );
    this.#listening.set(name, listening);
  }

  #report(): void {
    this.#tick = this.#options.clock.after(REPORT_MS, () => this.#report());
    const reports = this.#activator.report();
    this.#meter.reported(reports, (key) => this.#activator.target(key));
    if (reports.length > 0) this.#tell(this.#reportListeners, (listen) => listen(reports));
  }

  #wake(target: string, traceparent: string | undefined): void {
    this.#tell(this.#wakeListeners, (listen) => listen(target, traceparent));
  }

  /** A listener that throws is a bug of its own; requests and other listeners go on. */
  #tell<L>(listeners: Iterable<L>, say: (listen: L) => void): void {
    for (const listen of listeners) {
      try {
        say(listen);
      } catch (error) {
        this.#options.log.error('gateway listener failed', { error });
      }
    }
  }
}
