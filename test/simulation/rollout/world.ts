// A gateway that lives on, and control processes that come and go over one disk and one machine.

import type { Random } from '#base/mod.ts';
import { seededRandom, VirtualClock } from '#base/mod.ts';
import type { Exchange, LinkedControl } from '#gateway/mod.ts';
import { connectControl, controlAttendant } from '#gateway/mod.ts';
import { createMetrics } from '#telemetry/mod.ts';
import { Telling } from '../../../src/homes/standalone/telling.ts';
import { Network } from '../applications.ts';
import { openObjects, runAllControllers, seedObjects } from '../control.ts';
import type { Objects } from '../control.ts';
import { LifeClock } from '../life-clock.ts';
import { Machine } from '../machine.ts';
import { Moments } from '../moments.ts';
import { NodeAgent } from '../node-agent.ts';
import { OwnedClock } from '../owned-clock.ts';
import { Trace } from '../trace.ts';
import { makeGateway, passing } from '../world.ts';
import { Clients, RolloutLedger } from './clients.ts';
import type { ClockJump, CrashPoint } from './crashing-disk.ts';
import { CrashingDisk } from './crashing-disk.ts';
import { DataSide } from './data-side.ts';
import { BROKEN } from './stories.ts';
import { wire } from './wire.ts';

export interface RolloutWorldOptions {
  readonly seed: number;
  readonly crash: CrashPoint | undefined;
  readonly jump: ClockJump | undefined;
  /** How long there is no control process after a crash. */
  readonly awayMs: number;
  /** To see that the simulation would notice: what the next process has not told the gateway yet is taken for gone. */
  readonly isHasty: boolean;
}

/** One control process. */
export interface ControlLife {
  readonly objects: Objects;
  /** Resolves when it has died. */
  readonly died: Promise<void>;
}

const ADDRESS = { http: { host: '127.0.0.1', port: 80 } };
/** Clients ask more often around a crash: from then until the next process has found its way. */
const CROWDED_MS = 2000;

export class RolloutWorld {
  readonly clock = new VirtualClock();
  readonly trace = new Trace(this.clock);
  readonly ledger = new RolloutLedger(this.trace);
  readonly disk: CrashingDisk;
  readonly data: DataSide;
  readonly clients: Clients;
  readonly machine: Machine;
  crashes = 0;
  readonly #options: RolloutWorldOptions;
  readonly #random: Random;
  readonly #moments: Moments;
  #serve: (exchange: Exchange) => void = () => {};
  #attend: ReturnType<typeof controlAttendant> | undefined;
  #life = Promise.withResolvers<ControlLife>();
  #end: () => void = () => {};

  constructor(options: RolloutWorldOptions) {
    const { clock, trace, ledger } = this;
    this.#options = options;
    const random = seededRandom(options.seed);
    this.#random = random;
    this.#moments = new Moments(clock, random);
    this.disk = new CrashingDisk(options.crash, {
      onCrash: (what) => this.#crash(what),
      onWrite: (number) => this.#jumpAt(number),
    });
    this.data = new DataSide(clock, ledger, () => this.clients);
    this.clients = new Clients({ clock, random, trace, ledger, serve: (exchange) => this.#serve(exchange) });
    this.#network = new Network({ clock, ledger, moments: this.#moments });
    this.machine = new Machine({
      clock,
      random,
      network: this.#network,
      moments: this.#moments,
      limitOf: () => 0,
      failureShare: ({ spec }) => (spec.containers.some(({ image = '' }) => image.includes(BROKEN)) ? 1 : 0),
    });
  }

  readonly #network: Network;

  /** Starts the gateway and the first control process. */
  async begin(): Promise<void> {
    const { clock, ledger, trace } = this;
    const clocks = { gateway: new OwnedClock(clock), rest: new OwnedClock(clock) };
    const { gateway, serve } = await makeGateway({
      clocks,
      random: this.#random,
      network: this.#network,
      ledger,
      metrics: createMetrics(),
      log: trace.log(),
    });
    this.#serve = serve;
    this.#attend = controlAttendant(this.data.over(gateway.control), { address: ADDRESS, log: trace.log() });
    await passing(clock, this.#live());
  }

  /** The control process there is; waits for the next one where there is none. */
  alive(): Promise<ControlLife> {
    return this.#life.promise;
  }

  /** Ends the last process and everything else. */
  end(): void {
    this.#end();
  }

  async #live(): Promise<void> {
    const { clock, trace } = this;
    const random = this.#random;
    const own = new LifeClock(clock, { ms: 0 });
    const died = Promise.withResolvers<void>();
    const stopping = new AbortController();
    let isOver = false;
    const isFirst = this.crashes === 0;
    const objects = await openObjects({ database: this.disk.open(own, () => isOver), clock: own, random });
    if (isFirst) await seedObjects(objects.client);
    const telling = new Telling(objects.informers, own);
    const link = this.#connect(own, isFirst || this.#options.isHasty ? undefined : telling.all);
    this.#end = () => {
      isOver = true;
      own.end();
      link.cut();
      agent.stop();
      died.resolve();
    };
    const agent = new NodeAgent({
      client: objects.client,
      informers: objects.informers,
      clock: own,
      random,
      machine: this.machine,
      moments: this.#moments,
      trace,
      // A process that has died does not go on where its connection was cut.
      drain: async (podUid, deadlineMs) => {
        const drained = await link.control.drain(podUid, deadlineMs);
        return isOver ? new Promise(() => {}) : drained;
      },
      forgetsToDrain: false,
    });
    await agent.begin();
    void runAllControllers({
      objects,
      gateway: telling.noting(link.control, () => {}),
      clock: own,
      random,
      log: trace.log(),
      signal: stopping.signal,
    });
    telling.begin();
    trace.note('', `control process ${this.crashes + 1} runs`);
    this.#life.resolve({ objects, died: died.promise });
  }

  #connect(clock: LifeClock, allTold: Promise<void> | undefined): { control: LinkedControl; cut: () => void } {
    let cut = () => {};
    const connecting = () => {
      const [near, far] = wire(this.clock);
      this.#attend?.(far);
      cut = () => near.destroy();
      return near;
    };
    const control = connectControl(connecting, { clock, log: this.trace.log(), ...(allTold ? { allTold } : {}) });
    return { control, cut: () => cut() };
  }

  #jumpAt(write: number): void {
    const { jump } = this.#options;
    if (jump?.write !== write) return;
    this.clock.jump(jump.ms);
    this.trace.note('', `the wall clock is set by ${jump.ms} ms`);
  }

  #crash(what: string): void {
    const { clock, trace, clients } = this;
    const { awayMs } = this.#options;
    this.crashes++;
    trace.note('', `control dies ${what}; the next comes in ${awayMs} ms`);
    this.#end();
    this.#life = Promise.withResolvers();
    clients.crowd(awayMs + CROWDED_MS);
    clock.after(awayMs, () => void this.#live());
  }
}
