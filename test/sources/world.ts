// A platform in memory for the tests of sources: the real store and registry on a virtual clock, and sinks that note what they get.

import type { Random } from '#base/mod.ts';
import { seededRandom, VirtualClock } from '#base/mod.ts';
import type { ControllerDefinition, Engine } from '#engine/mod.ts';
import { createEngine, runControllers } from '#engine/mod.ts';
import type { CloudEvent, Send, SendRequest } from '#events/mod.ts';
import { decodeHttp } from '#events/mod.ts';
import { allKinds, CoreService, Namespace } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import type { AdmissionPlugin, Client, Informers } from '#objects/mod.ts';
import { localClient, localInformers, Registry, Scheme, Store } from '#objects/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { ScriptedDatabase } from '../contracts/scripted-database.ts';
import type { SinkResolver } from '#sources/mod.ts';
import { Outbox } from '#sources/mod.ts';

const ADMIN = { name: 'system:admin', groups: ['system:masters'] };

/** Core Services lead to their names in the cluster, URIs to themselves. */
export const plainSinks: SinkResolver = {
  kinds: [CoreService],
  resolve({ ref, uri }, namespace, reader) {
    if (!ref) return uri ? { address: { url: uri } } : { fault: 'no destination' };
    const place = ref.namespace ?? namespace;
    if (!reader.get(CoreService, place, ref.name ?? '')) return { fault: `services "${ref.name}" not found` };
    return { address: { url: `http://${ref.name}.${place}.svc.cluster.local` } };
  },
};

export interface Received {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly event: CloudEvent;
  /** Wall time. */
  readonly at: number;
}

export interface SourcesWorld {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly client: Client;
  readonly registry: Registry;
  readonly informers: Informers;
  readonly scheme: Scheme;
  readonly engine: Engine;
  readonly outbox: Outbox;
  /** What the outbox sends by, for those that deliver otherwise. */
  readonly send: Send;
  readonly giveToken: (identity: string, audience: string) => Promise<string>;
  /** What sinks accepted, in order. */
  readonly received: Received[];
  /** What a sink answers; 202 unless set. An Error is no answer. */
  answer: (request: SendRequest) => number | Error;
  /** Starts controllers, also after a stop. */
  begin(...definitions: ControllerDefinition[]): void;
  stop(): Promise<void>;
}

/** `before` is the disk of another world: of a platform that starts anew. */
export async function sourcesWorld({
  start,
  plugins = [],
  before,
}: {
  start?: number;
  plugins?: AdmissionPlugin[];
  before?: ScriptedDatabase;
} = {}): Promise<SourcesWorld & { readonly database: ScriptedDatabase }> {
  const clock = new VirtualClock(start);
  const random = seededRandom(1);
  const scheme = new Scheme(allKinds);
  const database = new ScriptedDatabase(
    before ? { initial: before.stored(), firstRevision: before.reservedThrough + 1 } : {},
  );
  const store = await Store.open(database);
  const registry = new Registry({ store, scheme, clock, random, plugins });
  const client = localClient(registry, ADMIN);
  const informers = localInformers(store, scheme);
  const engine = createEngine({ client, informers, clock, random, log: silentLog });
  for (const name of ['default', 'other', 'knative-eventing'])
    if (!(await client.get(Namespace, '', name)))
      await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as Namespace);
  const received: Received[] = [];
  const giveToken = async (identity: string, audience: string) => `${identity} for ${audience}`;
  const send: Send = async (request) => {
    const status = world.answer(request);
    if (status instanceof Error) throw status;
    if (status < 300) received.push(receivedOf(request, clock.now()));
    return { status, headers: [], body: new Uint8Array(0) };
  };
  let end = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const world: SourcesWorld & { readonly database: ScriptedDatabase } = {
    clock,
    random,
    client,
    registry,
    informers,
    scheme,
    engine,
    database,
    received,
    answer: () => 202,
    send,
    giveToken,
    outbox: new Outbox({ clock, log: silentLog, giveToken, send }),
    begin(...definitions) {
      end = new AbortController();
      running = runControllers(
        definitions.map((definition) => engine.controller(definition)),
        end,
      );
    },
    async stop() {
      end.abort();
      await clock.advance(1000);
      await running;
    },
  };
  return world;
}

function receivedOf({ url, headers, body }: SendRequest, at: number): Received {
  const decoded = decodeHttp(headers, body);
  if (decoded.outcome !== 'event') throw new Error('a source sent what is no event');
  const pairs = headers.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), headers[i + 1] ?? '']] : []));
  return { url: url.href, headers: Object.fromEntries(pairs), event: decoded.event, at };
}

/** A sink that is there. */
export async function addSink(client: Client, name = 'sink'): Promise<void> {
  const ports = [{ port: 80 }];
  await client.create(CoreService, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { ports },
  });
}

/** An object with its metadata, for tests that make one of many kinds. */
export function made<O extends KubeObject>(
  kind: { apiVersion: string; kind: string },
  spec: object,
  metadata: object = {},
): O {
  const { apiVersion, kind: name } = kind;
  return { apiVersion, kind: name, metadata: { name: 'it', namespace: 'default', ...metadata }, spec } as unknown as O;
}
