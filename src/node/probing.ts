// The probes of one run of a container: startup first, then readiness and liveness, until they are stopped.

import type { Backoff, Calm, Clock, Timer } from '#base/mod.ts';
import { backoffMs } from '#base/mod.ts';
import type { Container, Probe } from '#kinds/mod.ts';
import { USER_PORT_NAME } from '#kinds/mod.ts';
import type { ProbeTarget } from './probe.ts';
import { foreseen, tryProbe } from './probe.ts';
import type { ProbeVerdict } from './probe-verdict.ts';

/** Until it is well for the first time, a container is asked this often at first, then ever less often; commands are dearer than connections. */
const EAGER: Backoff = { firstMs: 1, maxMs: 250, factor: 1.03 };
const EAGER_EXEC: Backoff = { firstMs: 50, maxMs: 1000, factor: 1.5 };
/** While a crowd of programs starts, the time of the machine is theirs. */
const CROWDED_MS = 50;
/** What a try takes on a machine that is busy is given back to it so many times before the next. */
const REST = 2;

/** Whom the probes tell, and whom they ask. */
export interface Probed {
  readonly clock: Clock;
  readonly calm: Pick<Calm, 'isCrowded'>;
  readonly target: ProbeTarget;
  started(): void;
  ready(isReady: boolean): void;
  /** A probe says that the run should end. */
  condemn(which: 'startup' | 'liveness', probe: Probe): void;
  unhealthy(which: 'Startup' | 'Readiness' | 'Liveness', message: string): void;
}

export class Probing {
  readonly #container: Container;
  readonly #probed: Probed;
  readonly #timers = new Set<Timer>();
  #stopped = false;
  #wasWell = false;
  /** Milliseconds of the last try. */
  #took = 0;

  constructor(container: Container, probed: Probed) {
    this.#container = container;
    this.#probed = probed;
  }

  /** A run that was ready before (it was taken over) is asked at its usual pace from the start. */
  begin(wasReady: boolean): void {
    const { startupProbe } = this.#container;
    if (startupProbe && !wasReady)
      return this.#ask(startupProbe, delayOf(startupProbe), () => this.#startup(startupProbe));
    this.#probed.started();
    this.#goOn(wasReady);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  /** Asked eagerly, but failures count only once a period, as if it were asked only then. */
  #startup(probe: Probe): (ok: boolean, message: string) => void {
    const { clock } = this.#probed;
    const begun = clock.monotonic();
    let [tries, counted] = [0, 0];
    const hear = (ok: boolean, message: string) => {
      if (ok) {
        this.#probed.started();
        return this.#goOn(false);
      }
      tries += 1;
      const periods = Math.floor((clock.monotonic() - begun) / periodOf(probe)) + 1;
      if (periods > counted && periods > 1) this.#probed.unhealthy('Startup', message);
      counted = periods;
      if (counted >= threshold(probe)) return this.#probed.condemn('startup', probe);
      this.#ask(probe, this.#eagerMs(probe, tries), () => hear);
    };
    return hear;
  }

  #goOn(wasReady: boolean): void {
    this.#wasWell = wasReady;
    const { readinessProbe, livenessProbe } = this.#container;
    if (readinessProbe)
      this.#ask(readinessProbe, wasReady ? periodOf(readinessProbe) : delayOf(readinessProbe), () =>
        this.#readiness(readinessProbe, wasReady),
      );
    else this.#setReady(true);
    if (livenessProbe) this.#ask(livenessProbe, delayOf(livenessProbe), () => this.#liveness(livenessProbe));
  }

  /** Eager until the first success; from then on at the probe's own pace. */
  #readiness(probe: Probe, wasReady: boolean): (ok: boolean, message: string) => void {
    const { clock } = this.#probed;
    let [isReady, isEager] = [wasReady, !wasReady];
    let [tries, successes, failures] = [0, 0, 0];
    let told = clock.monotonic();
    const hear = (ok: boolean, message: string) => {
      tries += 1;
      successes = ok ? successes + 1 : 0;
      failures = ok ? 0 : failures + 1;
      const turns = ok
        ? !isReady && successes >= (probe.successThreshold || 1)
        : isReady && failures >= threshold(probe);
      if (!ok && (turns || clock.monotonic() - told >= periodOf(probe))) {
        told = clock.monotonic();
        this.#probed.unhealthy('Readiness', message);
      }
      if (turns) this.#setReady((isReady = ok));
      isEager &&= !isReady;
      this.#ask(probe, isEager ? this.#eagerMs(probe, tries) : periodOf(probe), () => hear);
    };
    return hear;
  }

  #liveness(probe: Probe): (ok: boolean, message: string) => void {
    let failures = 0;
    const hear = (ok: boolean, message: string) => {
      failures = ok ? 0 : failures + 1;
      if (!ok) this.#probed.unhealthy('Liveness', message);
      if (failures >= threshold(probe)) return this.#probed.condemn('liveness', probe);
      this.#ask(probe, periodOf(probe), () => hear);
    };
    return hear;
  }

  /** One try after a wait; `listen` is made when the wait is over, and hears what the try says. */
  #ask(probe: Probe, waitMs: number, listen: () => (ok: boolean, message: string) => void): void {
    if (this.#stopped) return;
    const { clock } = this.#probed;
    const timer = clock.after(waitMs, () => {
      this.#timers.delete(timer);
      const hear = listen();
      const begun = clock.monotonic();
      void this.#try(probe).then(({ ok, message }) => {
        this.#took = clock.monotonic() - begun;
        if (!this.#stopped) hear(ok, message);
      });
    });
    this.#timers.add(timer);
  }

  async #try(probe: Probe): Promise<ProbeVerdict> {
    const verdict = await this.#find(probe);
    const beside = verdict.ok ? this.#besideCommand(probe) : undefined;
    return beside ? this.#find(beside) : verdict;
  }

  /** Until it is well for the first time, a run in a crowd is asked for only what the system cannot tell: its program lacks the time to answer. */
  async #find(probe: Probe): Promise<ProbeVerdict> {
    const { clock, calm, target } = this.#probed;
    const known = calm.isCrowded && !this.#wasWell ? foreseen(probe, this.#container, target) : undefined;
    return known ?? tryProbe(probe, this.#container, target, clock);
  }

  /** A command does not tell whether requests find anybody: for a Revision, which has a port for them, a connection must do so too. */
  #besideCommand(probe: Probe): Probe | undefined {
    const { readinessProbe, ports = [] } = this.#container;
    if (!probe.exec || probe !== readinessProbe || !ports.some(({ name }) => name === USER_PORT_NAME)) return undefined;
    return { tcpSocket: { port: USER_PORT_NAME }, timeoutSeconds: probe.timeoutSeconds };
  }

  #setReady(isReady: boolean): void {
    this.#wasWell ||= isReady;
    this.#probed.ready(isReady);
  }

  #eagerMs(probe: Probe, tries: number): number {
    const { maxMs } = probe.exec ? EAGER_EXEC : EAGER;
    const leastMs = this.#probed.calm.isCrowded ? CROWDED_MS : 0;
    return Math.max(leastMs, backoffMs(probe.exec ? EAGER_EXEC : EAGER, tries), Math.min(maxMs, REST * this.#took));
  }
}

function delayOf({ initialDelaySeconds = 0 }: Probe): number {
  return initialDelaySeconds * 1000;
}

function periodOf({ periodSeconds }: Probe): number {
  return (periodSeconds || 10) * 1000;
}

function threshold({ failureThreshold }: Probe): number {
  return failureThreshold || 3;
}
