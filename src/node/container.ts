// One container of a Pod over all its runs: starting, probing, starting again, ending. When it runs again, and what is said of it,
// is decided elsewhere.

import type { Calm, Clock, Timer } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { Container, ContainerStatus, LifecycleHandler, Probe } from '#kinds/mod.ts';
import { nextRun, startAgainMs } from './container-restart.ts';
import type { Phase, Terminated } from './container-status.ts';
import { containerStatus, exitCodeOf, isHeldUp, terminatedBy, waitingBefore } from './container-status.ts';
import { killGraceMs, LEAST_GRACE_MS } from './grace.ts';
import type { Exit, RunningContainer } from './launcher.ts';
import type { ProbeTarget } from './probe.ts';
import { runHook } from './probe.ts';
import { Probing } from './probing.ts';

/** A postStart hook may take this long. */
const HOOK_MS = 600_000;
const START_ERROR: Exit = { code: 128, oomKilled: false };

/** What a container needs of its Pod. */
export interface ContainerHost {
  readonly clock: Clock;
  readonly calm: Pick<Calm, 'isCrowded'>;
  readonly restartPolicy: string;
  readonly isInit: boolean;
  /** How long a run has to end by itself. */
  readonly graceMs: number;
  /** Starts a run; throws StartProblem or what the launcher throws. */
  start(container: Container, run: number): Promise<RunningContainer>;
  probeTarget(running: RunningContainer): ProbeTarget;
  /** A run's last words (terminationMessagePolicy). */
  lastWords(container: Container, run: number, exit: Exit): Promise<string>;
  /** Something changed that the Pod's status should tell. */
  changed(): void;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** Why a run cannot start, as `state.waiting` tells it; it is tried again. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem';
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

export class ContainerRuns {
  readonly container: Container;
  readonly #host: ContainerHost;
  #finished = Promise.withResolvers<void>();
  #phase: Phase = { state: 'waiting', reason: 'ContainerCreating' };
  #last: Terminated | undefined;
  #run = 0;
  /** Runs that ended, and starts that could not be, one after the other. */
  #failures = 0;
  /** When the present run began, by the monotonic clock. */
  #begunMs = 0;
  #problems = 0;
  #ready = false;
  #started = false;
  #stopping = false;
  #probing: Probing | undefined;
  #again: Timer | undefined;
  #killing: { readonly timer: Timer; readonly deadline: number } | undefined;
  #imageID = '';
  #containerID = '';

  constructor(container: Container, host: ContainerHost) {
    this.container = container;
    this.#host = host;
  }

  get isRunning(): boolean {
    return this.#phase.state === 'running';
  }

  get isReady(): boolean {
    return this.#ready;
  }

  /** Runs, and its startup probe has let it through. */
  get isStarted(): boolean {
    return this.isRunning && this.#started;
  }

  /** On its way up for the first time, and nothing holds it up. */
  get isComingUp(): boolean {
    const phase = this.#phase;
    return this.#run === 0 && phase.state !== 'ended' && !isHeldUp(phase);
  }

  /** Ended and not to be started again. */
  get isOver(): boolean {
    return this.#phase.state === 'ended';
  }

  get exitCode(): number | undefined {
    return exitCodeOf({ phase: this.#phase, last: this.#last });
  }

  get run(): number {
    return this.#run;
  }

  get running(): RunningContainer | undefined {
    return this.#phase.state === 'running' ? this.#phase.running : undefined;
  }

  /** When the present run began, in milliseconds. */
  get since(): number | undefined {
    return this.#phase.state === 'running' ? this.#phase.since : undefined;
  }

  /** The end of the present run; resolved at once where there is none. */
  get ended(): Promise<unknown> {
    return this.#phase.state === 'running' ? this.#phase.running.exited : Promise.resolve();
  }

  set imageID(id: string) {
    this.#imageID = id;
  }

  /** Waits for something of its Pod: an image, a volume. */
  wait(reason: string, message = ''): void {
    if (this.#phase.state !== 'waiting') return;
    if (this.#phase.reason === reason && (this.#phase.message ?? '') === message) return;
    this.#phase = { state: 'waiting', reason, ...(message ? { message } : {}) };
    this.#host.changed();
  }

  /** Begins the first run. */
  async begin(): Promise<void> {
    await this.#start();
  }

  /** Goes on with a run that an earlier platform began; also where it was retired before that run was found, to be stopped. */
  resume(running: RunningContainer, run: number, since: number, wasReady: boolean): void {
    if (this.isOver) this.#finished = Promise.withResolvers<void>();
    this.#run = run;
    this.#ready = wasReady;
    this.#containerID = `ebb://${running.record.id}`;
    const { clock } = this.#host;
    this.#begunMs = clock.monotonic() - Math.max(0, clock.now() - since);
    this.#watch(running, since, wasReady);
  }

  /** It came to its end under an earlier platform. */
  conclude(last: Terminated, run: number): void {
    this.#run = run;
    this.#last = last;
    this.#finish();
  }

  /** No more runs and no more probes; the run that there is goes on. */
  retire(): void {
    this.#stopping = true;
    this.#again?.cancel();
    this.#probing?.stop();
    if (this.#phase.state === 'waiting') this.#finish();
  }

  /**
   * Ends it for good: preStop, SIGTERM, and SIGKILL when the grace is over. Resolves when it has ended and its last words
   * are read. Asked again with a shorter grace, it hurries.
   */
  stop(graceMs: number): Promise<void> {
    const isFirst = this.#killing === undefined;
    this.retire();
    if (this.#phase.state === 'running') {
      this.#killBy(this.#phase.running, killGraceMs(this.container, graceMs));
      if (isFirst) void this.#ask(this.#phase.running, graceMs);
    }
    return this.#finished.promise;
  }

  async #start(): Promise<void> {
    if (this.#stopping) return;
    this.#phase = { ...waitingBefore(this.#phase), state: 'starting' };
    const since = this.#host.clock.now();
    this.#begunMs = this.#host.clock.monotonic();
    try {
      const running = await this.#host.start(this.container, this.#run);
      this.#containerID = `ebb://${running.record.id}`;
      this.#problems = 0;
      this.#host.event('Normal', 'Started', `Started container ${this.container.name}`);
      this.#watch(running, this.#host.clock.now(), false);
      if (this.#stopping) running.signal('SIGKILL');
    } catch (error) {
      this.#host.event('Warning', 'Failed', `Error: ${messageOf(error)}`);
      if (this.#stopping) return this.#finish();
      if (!(error instanceof StartProblem))
        return this.#over({ ...this.#terminated(START_ERROR, since, messageOf(error)), reason: 'StartError' });
      this.#phase = { state: 'waiting', reason: error.reason, message: error.message };
      this.#problems += 1;
      this.#startIn(startAgainMs(this.#problems));
      this.#host.changed();
    }
  }

  #startIn(ms: number): void {
    this.#again = this.#host.clock.after(ms, () => void this.#start());
  }

  #watch(running: RunningContainer, since: number, wasReady: boolean): void {
    this.#phase = { state: 'running', running, since };
    this.#started = false;
    void running.exited.then((exit) => this.#end(running, exit, since));
    this.#host.changed();
    if (this.#stopping) return;
    const { postStart } = this.container.lifecycle ?? {};
    if (postStart && !wasReady) void this.#afterStart(postStart, running);
    else this.#probe(running, wasReady);
  }

  /** Probes wait for the hook; where it fails the run ends. */
  async #afterStart(hook: LifecycleHandler, running: RunningContainer): Promise<void> {
    const { clock } = this.#host;
    const { ok, message } = await runHook(hook, HOOK_MS, this.container, this.#host.probeTarget(running), clock);
    if (this.#stopping || this.running !== running) return;
    if (ok) return this.#probe(running, false);
    this.#host.event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${message}`);
    this.#condemn(running, 'FailedPostStartHook', this.#host.graceMs);
  }

  #probe(running: RunningContainer, wasReady: boolean): void {
    this.#probing = new Probing(this.container, {
      clock: this.#host.clock,
      calm: this.#host.calm,
      target: this.#host.probeTarget(running),
      started: () => this.#setStarted(),
      ready: (isReady) => this.#setReady(isReady),
      condemn: (which, probe) =>
        this.#condemn(
          running,
          `Container ${this.container.name} failed ${which} probe, will be restarted`,
          this.#graceOf(probe),
        ),
      unhealthy: (which, message) => this.#host.event('Warning', 'Unhealthy', `${which} probe failed: ${message}`),
    });
    this.#probing.begin(wasReady);
  }

  #graceOf({ terminationGracePeriodSeconds }: Probe): number {
    return terminationGracePeriodSeconds === undefined ? this.#host.graceMs : terminationGracePeriodSeconds * 1000;
  }

  #condemn(running: RunningContainer, why: string, graceMs: number): void {
    this.#host.event('Normal', 'Killing', why);
    this.#killBy(running, killGraceMs(this.container, graceMs));
    void this.#ask(running, graceMs);
  }

  /** preStop, then SIGTERM. */
  async #ask(running: RunningContainer, graceMs: number): Promise<void> {
    const { preStop } = this.container.lifecycle ?? {};
    if (preStop && graceMs > 0) {
      const { ok, message } = await runHook(
        preStop,
        graceMs,
        this.container,
        this.#host.probeTarget(running),
        this.#host.clock,
      );
      if (!ok) this.#host.event('Warning', 'FailedPreStopHook', `PreStopHook failed: ${message}`);
      if (this.running !== running) return;
      const leftMs = (this.#killing?.deadline ?? 0) - LEAST_GRACE_MS - this.#host.clock.monotonic();
      this.#killBy(running, Math.max(LEAST_GRACE_MS, leftMs), true);
    }
    running.signal('SIGTERM');
  }

  /** SIGKILL after a while; an earlier moment replaces a later one, a later one only where that is meant. */
  #killBy(running: RunningContainer, graceMs: number, isMeant = false): void {
    const { clock } = this.#host;
    const deadline = clock.monotonic() + graceMs;
    if (this.#killing && !isMeant && this.#killing.deadline <= deadline) return;
    this.#killing?.timer.cancel();
    this.#killing = { deadline, timer: clock.after(graceMs, () => running.signal('SIGKILL')) };
  }

  #setStarted(): void {
    this.#started = true;
    this.#host.changed();
  }

  #setReady(ready: boolean): void {
    if (this.#ready === ready) return;
    this.#ready = ready;
    this.#host.changed();
  }

  async #end(running: RunningContainer, exit: Exit, since: number): Promise<void> {
    this.#probing?.stop();
    this.#killing?.timer.cancel();
    this.#killing = undefined;
    const words = await this.#host.lastWords(this.container, this.#run, exit).catch(messageOf);
    if (this.running === running) this.#over(this.#terminated(exit, since, words));
  }

  #terminated(exit: Exit, since: number, words: string): Terminated {
    return terminatedBy({ exit, since, now: this.#host.clock.now(), words, containerID: this.#containerID });
  }

  #over(last: Terminated): void {
    this.#last = last;
    this.#ready = false;
    this.#started = false;
    const { restartPolicy, isInit, clock } = this.#host;
    const ranMs = clock.monotonic() - this.#begunMs;
    const next = nextRun({ restartPolicy, isInit, exitCode: last.exitCode, ranMs, failures: this.#failures });
    if (this.#stopping || !next) return this.#finish();
    const { waitMs } = next;
    this.#failures = next.failures;
    this.#run += 1;
    const message = `back-off ${waitMs / 1000}s restarting failed container=${this.container.name}`;
    this.#phase = { state: 'waiting', reason: 'CrashLoopBackOff', message };
    if (waitMs > 0)
      this.#host.event('Warning', 'BackOff', `Back-off restarting failed container ${this.container.name}`);
    this.#startIn(waitMs);
    this.#host.changed();
  }

  #finish(): void {
    this.#phase = { state: 'ended' };
    this.#finished.resolve();
    this.#host.changed();
  }

  status(): ContainerStatus {
    return containerStatus({
      container: this.container,
      isInit: this.#host.isInit,
      phase: this.#phase,
      last: this.#last,
      run: this.#run,
      isReady: this.#ready,
      isStarted: this.isStarted,
      imageID: this.#imageID,
      containerID: this.#containerID,
    });
  }
}
