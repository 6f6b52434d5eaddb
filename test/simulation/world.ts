// The platform on one virtual clock: the real store, controllers, autoscaler and gateway, and around them what is simulated.

import type { Random } from '#base/mod.ts';
import { seededRandom, settle, VirtualClock } from '#base/mod.ts';
import { createEngine, runControllers } from '#engine/mod.ts';
import type { Exchange, Gateway } from '#gateway/mod.ts';
import { startGateway } from '#gateway/mod.ts';
import { allKinds, ConfigMap, Namespace, systemConfigMaps } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import { localClient, localInformers, Registry, Scheme, Store } from '#objects/mod.ts';
import { servingControllers } from '#serving/mod.ts';
import type { Logger, Metrics } from '#telemetry/mod.ts';
import { createMetrics } from '#telemetry/mod.ts';
import { workloadControllers } from '#workloads/mod.ts';
import { Network } from './applications.ts';
import { virtualTransport } from './client-engine.ts';
import { linkTo } from './control-link.ts';
import { Ledger } from './ledger.ts';
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
const NAMESPACES = ['default', 'knative-serving', 'knative-eventing', 'ebb-system'];
const ADMIN = { name: 'system:admin', groups: ['system:masters'] };

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

  const scheme = new Scheme(allKinds);
  const store = await Store.open(slowDatabase(clocks.rest, random));
  const registry = new Registry({ store, scheme, clock: clocks.controllers, random });
  const client = localClient(registry, ADMIN);
  const informers = localInformers(store, scheme);
  await passing(clock, seed(client));

  const node = new NodeAgent({
    client,
    informers,
    clock: clocks.rest,
    random,
    network,
    moments,
    trace,
    drain: (podUid, deadlineMs) => control.drain(podUid, deadlineMs),
    failureShare: FAILED_STARTS,
    limitOf: options.limitOf,
    forgetsToDrain: options.forgetsToDrain,
  });
  await passing(clock, node.begin());
  const stopWatching = watchMoments(informers, moments, pods, trace);
  const stopping = new AbortController();
  const shared = { informers, clock: clocks.controllers, random, log: trace.log() };
  const engine = createEngine({
    ...shared,
    client: tellingOfZero(client, moments),
    recorder: () => ({ record() {} }),
  });
  const digests = { resolve: (image: string) => Promise.resolve(`${image}@sha256:0`) };
  const running = runControllers(
    [
      ...workloadControllers({
        engine,
        informers,
        scheme,
        random,
        log: trace.log(),
        rootCa: 'PEM',
        volumes: { make: async () => {}, remove: async () => {} },
      }),
      ...servingControllers({ ...shared, client, engine, gateway: control, digests }),
    ],
    stopping,
  );
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

interface GatewayParts {
  readonly clocks: Clocks;
  readonly random: Random;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly metrics: Metrics;
  readonly log: Logger;
}

async function makeGateway({ clocks, random, network, ledger, metrics, log }: GatewayParts) {
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

async function seed(client: Client): Promise<void> {
  for (const name of NAMESPACES)
    await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as Namespace);
  for (const map of systemConfigMaps()) await client.create(ConfigMap, map);
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
    await clock.advance(clock.nextDue - clock.now());
  }
}
