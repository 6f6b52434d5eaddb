// What the containers of this node use: looked at every few seconds, told as PodMetrics and NodeMetrics.

import { cpus, freemem, totalmem } from 'node:os';
import type { Clock, Timer } from '#base/mod.ts';
import { formatDuration, rfc3339 } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { NodeMetrics, PodMetrics } from '#kinds/mod.ts';
import type { ResourceMetrics } from '#objects/mod.ts';
import type { ContainerUsage, RunningContainer } from './launcher.ts';

/** A Pod and what of it runs. */
export interface RunningPod {
  readonly pod: Pod;
  readonly containers: readonly { readonly name: string; readonly running: RunningContainer }[];
}

export interface UsagePorts {
  readonly clock: Clock;
  readonly nodeName: string;
  pods(): readonly RunningPod[];
  /** Of the whole machine; the system's own count unless told. */
  machine?(): ContainerUsage;
}

/** As often as Kubernetes' own metrics server looks. */
export const SAMPLE_MS = 15_000;
const NANO = 1e9;
const KIBI = 1024;

interface Sample extends ContainerUsage {
  readonly atMs: number;
  /** The same by the monotonic clock: the wall clock may be set between two looks. */
  readonly steadyMs: number;
}

/** A use of the processor needs two looks, so what has just begun is not told of yet. */
export class UsageSampler implements ResourceMetrics {
  readonly #ports: UsagePorts;
  #samples = new Map<string, Sample>();
  #machine: Sample | undefined;
  #pods: readonly PodMetrics[] = [];
  #nodes: readonly NodeMetrics[] = [];
  #timer: Timer | undefined;

  constructor(ports: UsagePorts) {
    this.#ports = ports;
  }

  /** Looks now and from then on. Returns the stop. */
  begin(): () => void {
    const look = () => {
      this.#look();
      this.#timer = this.#ports.clock.after(SAMPLE_MS, look);
    };
    look();
    return () => this.#timer?.cancel();
  }

  pods(namespace?: string): readonly PodMetrics[] {
    return namespace === undefined ? this.#pods : this.#pods.filter(({ metadata }) => metadata.namespace === namespace);
  }

  nodes(): readonly NodeMetrics[] {
    return this.#nodes;
  }

  #look(): void {
    const { clock, nodeName, pods, machine = machineUsage } = this.#ports;
    const atMs = clock.now();
    const before = this.#samples;
    this.#samples = new Map();
    this.#pods = pods().flatMap((one) => this.#podMetrics(one, before, atMs) ?? []);
    const now = { ...machine(), atMs, steadyMs: clock.monotonic() };
    const rate = this.#machine && rateOf(this.#machine, now);
    this.#machine = now;
    if (!rate) return;
    const metadata = { name: nodeName, creationTimestamp: rfc3339(atMs) };
    this.#nodes = [
      { apiVersion: NodeMetrics.apiVersion, kind: NodeMetrics.kind, metadata, ...times(rate), usage: usageOf(rate) },
    ];
  }

  /** Undefined where a container of the Pod was not looked at before. */
  #podMetrics(
    { pod, containers }: RunningPod,
    before: ReadonlyMap<string, Sample>,
    atMs: number,
  ): PodMetrics | undefined {
    const rates = containers.map(({ name, running }) => {
      const usage = running.usage?.();
      if (!usage) return undefined;
      const now = { ...usage, atMs, steadyMs: this.#ports.clock.monotonic() };
      this.#samples.set(running.record.id, now);
      const last = before.get(running.record.id);
      return last && { name, ...rateOf(last, now) };
    });
    const known = rates.filter((rate) => rate !== undefined);
    const [first] = known;
    if (!first || known.length < rates.length) return undefined;
    const { name, namespace, labels } = pod.metadata;
    return {
      apiVersion: PodMetrics.apiVersion,
      kind: PodMetrics.kind,
      metadata: { name, namespace, creationTimestamp: rfc3339(atMs), ...(labels ? { labels } : {}) },
      ...times(first),
      containers: known.map((rate) => ({ name: rate.name, usage: usageOf(rate) })),
    };
  }
}

interface Rate {
  /** Cores. */
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly windowMs: number;
  readonly atMs: number;
}

/** What is counted of processes can fall when one of them ends. */
function rateOf(last: Sample, now: Sample): Rate {
  const windowMs = Math.max(1, now.steadyMs - last.steadyMs);
  const seconds = Math.max(0, now.cpuSeconds - last.cpuSeconds);
  return { cpu: (seconds * 1000) / windowMs, memoryBytes: now.memoryBytes, windowMs, atMs: now.atMs };
}

function usageOf({ cpu, memoryBytes }: Rate): { readonly cpu: string; readonly memory: string } {
  return { cpu: `${Math.ceil(cpu * NANO)}n`, memory: `${Math.floor(memoryBytes / KIBI)}Ki` };
}

function times({ atMs, windowMs }: Rate): { readonly timestamp: string; readonly window: string } {
  return { timestamp: rfc3339(atMs), window: formatDuration(windowMs) };
}

/** All processors' busy time since the machine began, and the memory that is not to be had. */
function machineUsage(): ContainerUsage {
  const busyMs = cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
  return { cpuSeconds: busyMs / 1000, memoryBytes: totalmem() - freemem() };
}
