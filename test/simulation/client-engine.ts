// The transport port's home without sockets: what the gateway sends reaches simulated processes, over connections that are kept.

import type { Duplex } from 'node:stream';
import type { Clock, Random } from '#base/mod.ts';
import type {
  ClientEngine,
  Exchange,
  Transport,
  UpstreamEvents,
  UpstreamRequest,
  UpstreamStream,
} from '#gateway/mod.ts';
import type { Application, Handling, Network, Reply } from './applications.ts';
import { between, isLucky } from './chance.ts';

const LONGEST_MS = 2;
/** How often a writer asks to hold back, and for how long. */
const FULL_SHARE = 0.1;
const FULL_MS = 20;

export interface EnginePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  /** A connection was tried where nobody listens. */
  readonly onRefused: (request: UpstreamRequest) => void;
}

/** Gives the way by which requests come in, once the gateway listens. */
export function virtualTransport(
  ports: EnginePorts,
  onServe: (serve: (exchange: Exchange) => void) => void,
): Transport {
  return {
    listen(options, serve) {
      onServe(serve);
      return Promise.resolve({ host: options.host, port: options.port, close: () => Promise.resolve() });
    },
    client: () => new VirtualClient(ports),
  };
}

class VirtualClient implements ClientEngine {
  readonly #ports: EnginePorts;
  readonly #kept = new Map<number, Application[]>();

  constructor(ports: EnginePorts) {
    this.#ports = ports;
  }

  send(request: UpstreamRequest, events: UpstreamEvents): UpstreamStream {
    const reusable = !request.fresh && request.upgrade === undefined;
    const kept = reusable ? this.#kept.get(request.port)?.pop() : undefined;
    return new Sending(request, events, this.#ports, kept, (application) => this.#keep(request, application));
  }

  forget(_host: string, port: number): void {
    this.#kept.delete(port);
  }

  speaksHttp2(): Promise<boolean> {
    return Promise.resolve(false);
  }

  close(): void {
    this.#kept.clear();
  }

  #keep({ port, upgrade }: UpstreamRequest, application: Application): void {
    if (upgrade !== undefined || application.isGone || application.wasTerminated) return;
    const kept = this.#kept.get(port) ?? [];
    kept.push(application);
    this.#kept.set(port, kept);
  }
}

/** One request on its way. Everything takes the same while in each direction, so nothing overtakes. */
class Sending implements UpstreamStream {
  readonly #request: UpstreamRequest;
  readonly #events: UpstreamEvents;
  readonly #ports: EnginePorts;
  readonly #kept: Application | undefined;
  readonly #keep: (application: Application) => void;
  readonly #latencyMs: number;
  readonly #held: (() => void)[] = [];
  #application: Application | undefined;
  #handling: Handling | undefined;
  #paused = false;
  #bodyEnded = false;
  #over = false;

  constructor(
    request: UpstreamRequest,
    events: UpstreamEvents,
    ports: EnginePorts,
    kept: Application | undefined,
    keep: (application: Application) => void,
  ) {
    this.#request = request;
    this.#events = events;
    this.#ports = ports;
    this.#kept = kept;
    this.#keep = keep;
    this.#latencyMs = between(ports.random, 0, LONGEST_MS);
    this.#go(() => this.#arrive());
  }

  write(chunk: Uint8Array): boolean {
    this.#go(() => this.#handling?.data(chunk));
    return !isLucky(this.#ports.random, FULL_SHARE);
  }

  onDrain(run: () => void): void {
    this.#ports.clock.after(between(this.#ports.random, 0, FULL_MS), run);
  }

  end(): void {
    this.#bodyEnded = true;
    if (this.#handling) this.#go(() => this.#handling?.bodyEnded());
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused && this.#held.length > 0) this.#held.shift()?.();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#handling?.cancel();
  }

  /** What the application says takes its while, too. It no longer counts the request when the gateway hears of its end. */
  #reply(): Reply {
    return {
      head: (status, headers) => this.#back(() => this.#events.head({ status, headers }, false)),
      piece: (text) => this.#back(() => this.#events.data(Buffer.from(text))),
      end: () => this.#back(() => this.#ended()),
      switched: (pipe) => this.#back(() => this.#switched(pipe)),
      cut: (why) => this.#back(() => this.#fail(why, 'some')),
    };
  }

  #arrive(): void {
    const { network, onRefused } = this.#ports;
    if (this.#kept?.isGone || this.#kept?.wasTerminated) return this.#fail('the connection was closed', 'reused');
    const application = this.#kept ?? network.find(this.#request.port);
    if (!application) {
      onRefused(this.#request);
      return this.#fail(`connect ECONNREFUSED ${this.#request.host}:${this.#request.port}`, 'nothing');
    }
    this.#application = application;
    this.#handling = application.accept(this.#request, this.#reply());
    if (this.#bodyEnded) this.#handling.bodyEnded();
    this.#events.ready();
  }

  #switched(pipe: Duplex): void {
    pipe.once('close', () => this.#application?.aboutToRelease());
    this.#events.switched(['Upgrade', this.#request.upgrade ?? ''], pipe);
  }

  #fail(message: string, sent: 'nothing' | 'reused' | 'some'): void {
    this.#over = true;
    this.#events.failed({ error: new Error(message), sent });
  }

  #go(run: () => void): void {
    this.#ports.clock.after(this.#latencyMs, () => {
      if (!this.#over) run();
    });
  }

  #back(run: () => void): void {
    this.#go(() => {
      const deliver = () => {
        if (!this.#over) run();
      };
      if (this.#paused) this.#held.push(deliver);
      else deliver();
    });
  }

  #ended(): void {
    const application = this.#application;
    application?.aboutToRelease();
    this.#over = true;
    if (application && this.#bodyEnded) this.#keep(application);
    this.#events.end([]);
  }
}
