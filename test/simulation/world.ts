// The platform on one virtual clock: the real store, controllers, autoscaler and gateway, and around them what is simulated.

import type { Random } from '#base/mod.ts';
import { seededRandom, settle, VirtualClock } from '#base/mod.ts';
import type { Exchange, Gateway } from '#gateway/mod.ts';
import { startGateway } from '#gateway/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { Logger, Metrics } from '#telemetry/mod.ts';
import { createMetrics } from '#telemetry/mod.ts';
import { Network } from './applications.ts';
import { virtualTransport } from './client-engine.ts';
import { linkTo } from './control-link.ts';
import { openObjects, runAllControllers, seedObjects } from './control.ts';
import { Ledger } from './ledger.ts';
import { Machine } from './machine.ts';
import { Moments } from './moments.ts';
import { NodeAgent } from './node-agent.ts';
import { OwnedClock } from './owned-clock.ts';
import { slowDatabase } from './slow-database.ts';
import { Trace } from './trace.ts';
import { PodCount, tellingOfZero, watchMoments } from './watchers.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly limitOf: (service: string) => number;
  /** As in NodeOptions. */
  readonly forgetsToDrain: boolean;
}

/** Whose timers are counted apart. */
export interface Clocks {
  readonly gateway: OwnedClock;
  readonly controllers: OwnedClock;
  readonly rest: OwnedClock;
}

export interface World {
  readonly clock: VirtualClock;
  readonly clocks: Clocks;
  readonly random: Random;
  readonly trace: Trace;
  readonly ledger: Ledger;
  readonly moments: Moments;
  readonly pods: PodCount;
  readonly metrics: Metrics;
  readonly client: Client;
  readonly node: NodeAgent;
  /** How a client's request comes to the gateway. */
  serve(exchange: Exchange): void;
  stop(): Promise<void>;
}

/** Share of starts of an application that fail. */
const FAILED_STARTS = 0.06;

/** Builds everything and lets it run. */
export async function makeWorld(options: WorldOptions): Promise<World> {
  const clock = new VirtualClock();
  const clocks: Clocks = {
    gateway: new OwnedClock(clock),
    controllers: new OwnedClock(clock),
    rest: new OwnedClock(clock),
  };
  const random = seededRandom(options.seed);
  const trace = new Trace(clock);
  const ledger = new Ledger(trace);
  const moments = new Moments(clocks.rest, random);
  const pods = new PodCount();
  const metrics = createMetrics();
  const network = new Network({ clock: clocks.rest, ledger, moments });
  const { gateway, serve } = await makeGateway({ clocks, random, network, ledger, metrics, log: trace.log() });
  const control = linkTo(gateway.control, clocks.rest, random);

  const database = slowDatabase(clocks.rest, random);
  const objects = await openObjects({ database, clock: clocks.controllers, random });
  const { store, client, informers } = objects;
  await passing(clock, seedObjects(client));

  const machine = new Machine({
    clock: clocks.rest,
    random,
    network,
    moments,
    limitOf: options.limitOf,
    failureShare: () => FAILED_STARTS,
  });
  const node = new NodeAgent({
    client,
    informers,
    clock: clocks.rest,
    random,
    machine,
    moments,
    trace,
    drain: (podUid, deadlineMs) => control.drain(podUid, deadlineMs),
    forgetsToDrain: options.forgetsToDrain,
  });
  await passing(clock, node.begin());
  const stopWatching = watchMoments(informers, moments, pods, trace);
  const stopping = new AbortController();
  const running = runAllControllers({
    objects,
    gateway: control,
    clock: clocks.controllers,
    random,
    log: trace.log(),
    signal: stopping.signal,
    client: tellingOfZero(client, moments),
  });
  return {
    clock,
    clocks,
    random,
    trace,
    ledger,
    moments,
    pods,
    metrics,
    client,
    node,
    serve,
    async stop() {
      node.stop();
      stopWatching();
      stopping.abort();
      await passing(clock, running);
      await passing(clock, store.close());
      await gateway.close(0);
    },
  };
}

export interface GatewayParts {
  readonly clocks: Pick<Clocks, 'gateway' | 'rest'>;
  readonly random: Random;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export async function makeGateway({ clocks, random, network, ledger, metrics, log }: GatewayParts) {
  let serve: (exchange: Exchange) => void = () => {};
  const onRefused = ({ port }: { port: number }) =>
    ledger.breach('', `a request was sent to ${port}, where nobody listens`);
  const transport = virtualTransport({ clock: clocks.rest, random, network, onRefused }, (one) => (serve = one));
  const gateway: Gateway = await startGateway({
    ports: { http: 80 },
    host: '127.0.0.1',
    clock: clocks.gateway,
    random,
    log,
    metrics,
    transport,
  });
  return { gateway, serve: (exchange: Exchange) => serve(exchange) };
}

/** Lets time pass until something has come about. Throws where nothing is left that could bring it about. */
export async function passing<T>(clock: VirtualClock, wanted: Promise<T>): Promise<T> {
  let isDone = false;
  const done = wanted.finally(() => (isDone = true));
  done.catch(() => {});
  for (;;) {
    await settle();
    if (isDone) return done;
    if (clock.nextDue === undefined) throw new Error('everything stands still, and somebody waits');
    await clock.advance(clock.nextDue - clock.monotonic());
  }
}
