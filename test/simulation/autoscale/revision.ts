// One revision over time: the gateway's own admission, the autoscaler's own decisions, and instances that take a while to start.

import type { AutoscalerSpec, ScaleFacts } from '#autoscaler/mod.ts';
import { pathMode, scaleVerdict } from '#autoscaler/mod.ts';
import type { Random, Timer } from '#base/mod.ts';
import type { GatewayControl, Target } from '#gateway/mod.ts';
import { Activator } from '../../../src/gateway/activator.ts';
import { activeVerdict, neededScale } from '../../../src/serving/podautoscaler/active.ts';
import { Deciders } from '../../../src/serving/podautoscaler/deciders.ts';
import type { Tally } from './tally.ts';
import type { QueueClock } from './queue-clock.ts';

export interface Settings {
  readonly spec: AutoscalerSpec;
  readonly graceMs: number;
  readonly retentionMs: number;
  /** From the wish for an instance until it takes requests. */
  readonly coldStartMs: number;
}

interface Instance {
  readonly id: string;
  state: 'starting' | 'ready' | 'draining';
  readonly bornMs: number;
  inFlight: number;
  busySinceMs: number;
  timer: Timer | undefined;
}

const KEY = 'default/app';
const REPORT_MS = 1000;
const PROGRESS_DEADLINE_MS = 600_000;
/** A reconciler is asked again after each write of its own; more than a few writes would be a loop. */
const MOST_TURNS = 10;

export class SimulatedRevision {
  readonly #clock: QueueClock;
  readonly #settings: Settings;
  readonly #tally: Tally;
  readonly #random: Random;
  readonly #activator: Activator;
  readonly #deciders: Deciders;
  readonly #instances = new Map<string, Instance>();
  #made = 0;
  #wish = 0;
  #wake: (target: string) => void = () => {};
  #report: Parameters<GatewayControl['onReport']>[0] = () => {};
  #reporting = false;
  #again: Timer | undefined;
  /** The condition Active of its PodAutoscaler, and since when. */
  #active: ScaleFacts['active'] = { status: 'Unknown', sinceMs: 0 };
  #initialized = false;
  #proxiedSinceMs: number | undefined;

  constructor(clock: QueueClock, settings: Settings, tally: Tally, random: Random) {
    this.#clock = clock;
    this.#settings = settings;
    this.#tally = tally;
    this.#random = random;
    this.#activator = new Activator({
      clock,
      random,
      onWake: (target) => this.#wake(target),
      onIdleGone: () => {},
    });
    this.#deciders = new Deciders(this.#control(), clock);
    this.#deciders.listen(() => this.#reconcile());
    this.#publish();
    this.#wish = settings.spec.initialScale;
    this.#adjust();
    this.#reconcile();
  }

  /** A request comes in, and takes so long once an instance has it. */
  request(durationMs: number): void {
    const arrivedMs = this.#clock.now();
    const isCold = !this.#activator.hasOpenEndpoint(KEY);
    const visit = this.#activator.arrive(KEY, {
      admitted: (slot) => {
        const instance = this.#instances.get(slot.endpoint.id);
        if (instance) this.#begin(instance);
        this.#tally.admitted(this.#clock.now() - arrivedMs, durationMs, isCold);
        this.#clock.after(durationMs, () => {
          visit?.leave();
          if (instance) this.#finish(instance);
        });
      },
      denied: () => {
        visit?.leave();
        this.#tally.denied();
      },
    });
    visit?.ask();
    if (!this.#reporting) this.#reportSoon();
  }

  /** Counts what still runs up to now. */
  close(): void {
    for (const instance of this.#instances.values()) this.#tallyOf(instance);
  }

  /** What the autoscaler hears of the gateway. */
  #control(): GatewayControl {
    const none = () => Promise.resolve();
    return {
      setIngress: none,
      setTarget: none,
      drain: () => Promise.resolve({ left: 0 }),
      refusals: () => Promise.resolve([]),
      onWake: (listen) => {
        this.#wake = listen;
        return () => {};
      },
      onReport: (listen) => {
        this.#report = listen;
        return () => {};
      },
    };
  }

  /** The gateway tells each second what there was, for as long as there is something. */
  #reportSoon(): void {
    this.#reporting = true;
    this.#clock.after(REPORT_MS, () => {
      const reports = this.#activator.report();
      this.#reporting = false;
      if (reports.length === 0) return;
      this.#report(reports);
      this.#reportSoon();
    });
  }

  #begin(instance: Instance): void {
    if (instance.inFlight++ === 0) instance.busySinceMs = this.#clock.now();
  }

  #finish(instance: Instance): void {
    if (--instance.inFlight > 0) return;
    this.#tally.busy(instance.busySinceMs, this.#clock.now());
    if (instance.state === 'draining') this.#remove(instance);
  }

  /** As the controller of PodAutoscalers does, until nothing changes any more. */
  #reconcile(): void {
    for (let turn = 0; turn < MOST_TURNS && this.#turn(); turn++);
  }

  /** True where the turn wrote something that calls for another. */
  #turn(): boolean {
    const { spec, graceMs, retentionMs } = this.#settings;
    const now = this.#clock.now();
    const ready = this.#countReady();
    const decision = this.#deciders.decide(KEY, spec, ready);
    const { minScale, initialScale, reachability } = spec;
    const isUp = ready >= neededScale({ minScale, initialScale, initialized: this.#initialized });
    const verdict = scaleVerdict({
      nowMs: now,
      desired: decision.desired,
      minScale,
      maxScale: spec.maxScale,
      initialScale,
      initialized: this.#initialized,
      reachability,
      enableScaleToZero: true,
      active: this.#active.status === 'Unknown' && isUp ? { status: 'True', sinceMs: now } : this.#active,
      stableWindowMs: spec.stableWindowMs,
      graceMs,
      retentionMs,
      progressDeadlineMs: PROGRESS_DEADLINE_MS,
      proxiedSinceMs: this.#proxiedSinceMs,
      proven: true,
    });
    if (verdict.apply && verdict.scale >= 0) {
      this.#wish = verdict.scale;
      this.#adjust();
    }
    const mode = pathMode({ scale: verdict.scale, excessBurstCapacity: decision.excessBurstCapacity });
    const isProxied = mode === 'Proxy' || ready === 0;
    this.#proxiedSinceMs = isProxied ? (this.#proxiedSinceMs ?? now) : undefined;
    this.#lookAgain(verdict.again);
    return this.#setActive(verdict.scale, ready);
  }

  #setActive(want: number, ready: number): boolean {
    const { minScale, initialScale } = this.#settings.spec;
    const { initialized, active } = activeVerdict({
      want,
      ready,
      minScale,
      initialScale,
      initialized: this.#initialized,
      hasService: true,
      wasActive: this.#active.status,
    });
    const status = active === 'active' ? 'True' : active === 'activating' ? 'Unknown' : 'False';
    const isNew = status !== this.#active.status || initialized !== this.#initialized;
    if (status !== this.#active.status) this.#active = { status, sinceMs: this.#clock.now() };
    this.#initialized = initialized;
    return isNew;
  }

  #lookAgain(ms: number | undefined): void {
    this.#again?.cancel();
    this.#again = ms === undefined ? undefined : this.#clock.after(ms, () => this.#reconcile());
  }

  /** Brings the instances to the wished number, as a ReplicaSet does: those that are not ready go first, then the newest. */
  #adjust(): void {
    const live = [...this.#instances.values()].filter(({ state }) => state !== 'draining');
    for (let count = live.length; count < this.#wish; count++) this.#start();
    const spare = live
      .toReversed()
      .sort((a, b) => Number(a.state === 'ready') - Number(b.state === 'ready'))
      .slice(0, Math.max(0, live.length - this.#wish));
    for (const instance of spare) this.#drain(instance);
    if (spare.length > 0) this.#publish();
  }

  #start(): void {
    const id = `i${++this.#made}`;
    const instance: Instance = {
      id,
      state: 'starting',
      bornMs: this.#clock.now(),
      inFlight: 0,
      busySinceMs: 0,
      timer: undefined,
    };
    this.#instances.set(id, instance);
    this.#tally.started(this.#clock.now());
    const startMs = this.#settings.coldStartMs * (0.8 + 0.4 * this.#random.next());
    instance.timer = this.#clock.after(startMs, () => {
      instance.state = 'ready';
      this.#publish();
      this.#reconcile();
    });
  }

  #drain(instance: Instance): void {
    instance.timer?.cancel();
    instance.state = 'draining';
    if (instance.inFlight === 0) this.#remove(instance);
  }

  #remove(instance: Instance): void {
    this.#instances.delete(instance.id);
    this.#tallyOf(instance);
  }

  #tallyOf({ bornMs, inFlight, busySinceMs }: Instance): void {
    const now = this.#clock.now();
    this.#tally.lived(bornMs, now);
    if (inFlight > 0) this.#tally.busy(busySinceMs, now);
  }

  #countReady(): number {
    let ready = 0;
    for (const { state } of this.#instances.values()) if (state === 'ready') ready++;
    return ready;
  }

  /** Tells the gateway which instances there are. */
  #publish(): void {
    const target: Target = {
      namespace: 'default',
      name: 'app',
      concurrency: this.#settings.spec.containerConcurrency,
      timeoutMs: 0,
      protocol: 'http1',
      endpoints: [...this.#instances.values()]
        .filter(({ state }) => state !== 'starting')
        .map(({ id, state }) => ({ id, host: '127.0.0.1', port: 1, state: state === 'ready' ? 'ready' : 'draining' })),
    };
    this.#activator.set(KEY, target);
  }
}
