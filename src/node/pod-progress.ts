// What the containers of a Pod together come to: what follows an init container, whether the Pod is coming up or has run to its
// end, and what of it a later platform must know. Pure.

import type { Container, PodStatus } from '#kinds/mod.ts';
import type { RunningContainer, Sandbox } from './launcher.ts';
import type { PodRecord } from './record.ts';

/** How far a container has come. */
export interface RunState {
  readonly container: Pick<Container, 'name'>;
  readonly isReady: boolean;
  /** Runs, and its startup probe has let it through. */
  readonly isStarted: boolean;
  /** On its way up for the first time, and nothing holds it up. */
  readonly isComingUp: boolean;
  /** Ended and not to be started again. */
  readonly isOver: boolean;
  /** Of one that is over. */
  readonly exitCode: number | undefined;
}

export interface Containers<Run extends Pick<RunState, 'container'> = RunState> {
  readonly init: readonly Run[];
  readonly main: readonly Run[];
  /** Names of init containers that run on beside the others. */
  readonly sidecars: ReadonlySet<string>;
}

/** Those that should run for as long as the Pod does. */
export function lastingOf<Run extends Pick<RunState, 'container'>>({ init, main, sidecars }: Containers<Run>): Run[] {
  return [...init.filter(({ container }) => sidecars.has(container.name)), ...main];
}

/** An init container runs to its end before the next begins, a sidecar only until it has started; after `end` nothing begins. */
export function afterInit(
  { isStarted, isOver, exitCode }: Pick<RunState, 'isStarted' | 'isOver' | 'exitCode'>,
  isSidecar: boolean,
): 'wait' | 'next' | 'end' {
  if (isSidecar && isStarted) return 'next';
  if (!isOver) return 'wait';
  return !isSidecar && exitCode === 0 ? 'next' : 'end';
}

/** Whether nothing that anybody waits for has come about yet: no container is or was ready, and none is held up. */
export function isComingUp({ init, main }: Omit<Containers, 'sidecars'>, told: PodStatus | undefined): boolean {
  const wasReady = told?.containerStatuses?.some(({ ready }) => ready) ?? false;
  if (wasReady || init.length > 0 || main.every(({ isReady }) => isReady)) return false;
  return main.every((run) => run.isComingUp);
}

/** Whether somebody may wait for the Pod to come up: not all of it is ready, and it has not run to its end. */
export function isWaitedFor(containers: Containers): boolean {
  return !containers.main.every(({ isReady }) => isReady) && !hasRunOut(containers);
}

/** Whether the Pod has run to its end. */
export function hasRunOut({ init, main, sidecars }: Containers): boolean {
  const hasFailed = ({ container, isOver, exitCode }: RunState) =>
    isOver && exitCode !== 0 && !sidecars.has(container.name);
  return main.every(({ isOver }) => isOver) || init.some(hasFailed);
}

/** What runs, or not. */
export interface NotedRun {
  readonly container: Pick<Container, 'name'>;
  readonly running: Pick<RunningContainer, 'record'> | undefined;
  readonly run: number;
  readonly since: number | undefined;
}

export function recordOf(sandbox: Sandbox, lasting: readonly NotedRun[]): PodRecord {
  const noted = lasting.flatMap(({ container, running, run, since = 0 }) =>
    running ? [[container.name, { record: running.record, run, since }] as const] : [],
  );
  return { sandbox, containers: Object.fromEntries(noted) };
}
