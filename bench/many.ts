// A platform with many Services: started so that its heaps can be looked at, and filled.

import { join } from 'node:path';
import { ConfigMap, Service } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import { repository } from '../test/harness/platform.ts';
import type { BenchPlatform } from './ebb.ts';
import { deploy, startEbb } from './ebb.ts';
import { contentOf, Inspector, INSPECTOR_OPTIONS } from './inspector.ts';

/** How many are being made at once. */
export const IN_FLIGHT = 32;
const NAMESPACE = 'default';
const FOLDER = join(repository, 'examples/hello');

/** A platform whose processes can be asked to collect their garbage. */
export async function startWatched(): Promise<{ of: BenchPlatform; heaps: readonly Inspector[] }> {
  const of = await startEbb({ launcher: 'process', env: { NODE_OPTIONS: INSPECTOR_OPTIONS } });
  const { platform } = of;
  const gatewayOut = join(platform.dataDir, 'logs', 'gateway.out');
  const heaps = await Promise.all(
    of
      .pids()
      .map((pid) =>
        Inspector.of(pid, pid === platform.process.pid ? () => platform.output() : () => contentOf(gatewayOut)),
      ),
  );
  return { of, heaps };
}

/** Services may begin without a Pod. */
export async function allowZero({ client }: BenchPlatform): Promise<void> {
  const data = { 'allow-zero-initial-scale': 'true' };
  await client.patch(ConfigMap, 'knative-serving', 'config-autoscaler', 'merge', { data });
}

export interface Waker {
  readonly name: string;
  readonly host: string;
}

/** Functions that are woken now and then. */
export async function deployWakers(ebb: BenchPlatform, count: number): Promise<readonly Waker[]> {
  const wakers: Waker[] = [];
  for (let index = 1; index <= count; index++) {
    const name = `waking-${index}`;
    wakers.push({ name, host: await deploy(ebb, FOLDER, name) });
  }
  return wakers;
}

/** What was deployed, beginning at zero. */
export async function idleSpec({ client }: BenchPlatform, name: string): Promise<Service['spec']> {
  const service = await client.get(Service, NAMESPACE, name);
  if (!service) throw new Error('the Service that was just deployed is not there');
  const { template } = service.spec;
  const annotations = { ...template.metadata?.annotations, 'autoscaling.knative.dev/initial-scale': '0' };
  return { ...service.spec, template: { ...template, metadata: { ...template.metadata, annotations } } };
}

export interface Made {
  /** How many there were then. */
  readonly count: number;
  readonly seconds: number;
  readonly tookMs: readonly number[];
}

/** Creates Services, so many at a time, each until it is Ready. */
export async function makeServices(
  ebb: BenchPlatform,
  spec: Service['spec'],
  from: number,
  upTo: number,
): Promise<Made> {
  const { client } = ebb;
  const tookMs: number[] = [];
  const seconds = await eachUntil(ebb, namesFrom(from, upTo), isReady, async (name) => {
    const began = performance.now();
    const { apiVersion, kind } = Service;
    await client.create(Service, { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec });
    return () => tookMs.push(performance.now() - began);
  });
  return { count: upTo, seconds, tookMs };
}

/** Of the Services that `makeServices` makes. */
export const namesFrom = (from: number, upTo: number): readonly string[] =>
  Array.from({ length: upTo - from }, (_, nth) => `idle-${String(from + nth).padStart(4, '0')}`);

/**
 * Does something to each of these Services, so many at a time, each until a watch shows that it `isDone`; then calls what the doing
 * has returned. Resolves with the seconds that all of it took; rejects where the watch ends before its time.
 */
export async function eachUntil(
  ebb: BenchPlatform,
  names: readonly string[],
  isDone: (service: Service) => boolean,
  act: (name: string) => Promise<() => void>,
): Promise<number> {
  const stop = new AbortController();
  const { resourceVersion } = await ebb.client.list(Service, { namespace: NAMESPACE });
  const waiting = new Map<string, () => void>();
  const watched = hear(ebb, resourceVersion, isDone, waiting, stop.signal);
  const left = names.values();
  const worker = async () => {
    for (const name of left) {
      const done = new Promise<void>((resolve) => waiting.set(name, resolve));
      const after = await act(name);
      await done;
      after();
    }
  };
  const began = performance.now();
  await Promise.race([Promise.all(Array.from({ length: IN_FLIGHT }, worker)), watched]);
  const seconds = (performance.now() - began) / 1000;
  stop.abort();
  return seconds;
}

async function hear(
  { client }: BenchPlatform,
  from: string,
  isDone: (service: Service) => boolean,
  waiting: Map<string, () => void>,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const event of client.watch(Service, from, { namespace: NAMESPACE }, signal)) {
      if (event.type === 'BOOKMARK' || !isDone(event.object)) continue;
      const { name } = event.object.metadata;
      waiting.get(name)?.();
      waiting.delete(name);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (!signal.aborted) throw new Error('the watch ended');
}

/** Services a second over all of these. */
export const rate = (made: readonly Made[]): number =>
  made.reduce((sum, { tookMs }) => sum + tookMs.length, 0) / made.reduce((sum, { seconds }) => sum + seconds, 0);
