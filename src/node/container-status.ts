// A container's status from where it is in its runs, as kubelet tells it. Pure.

import { rfc3339 } from '#base/mod.ts';
import type { Container, ContainerState, ContainerStatus } from '#kinds/mod.ts';
import type { Exit, RunningContainer } from './launcher.ts';

export type Terminated = NonNullable<ContainerState['terminated']>;

/** Where a container is in its runs. */
export type Phase<Running = RunningContainer> =
  | { readonly state: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly state: 'starting'; readonly reason: string; readonly message?: string }
  | { readonly state: 'running'; readonly running: Running; readonly since: number }
  | { readonly state: 'ended' };

/** All that is known of a container. */
export interface ContainerObservation {
  readonly container: Pick<Container, 'name' | 'image'>;
  readonly isInit: boolean;
  readonly phase: Phase<unknown>;
  /** How the last run ended. */
  readonly last: Terminated | undefined;
  readonly run: number;
  readonly isReady: boolean;
  readonly isStarted: boolean;
  readonly imageID: string;
  /** Empty before the first run. */
  readonly containerID: string;
}

export function containerStatus(seen: ContainerObservation): ContainerStatus {
  const { container, isInit, phase, last, run, isReady, isStarted, imageID, containerID } = seen;
  const { name, image = '' } = container;
  return {
    name,
    image,
    imageID,
    ready: isReady || (isInit && exitCodeOf(seen) === 0),
    restartCount: run,
    started: isStarted,
    state: stateOf(phase, last),
    lastState: last && phase.state !== 'ended' ? { terminated: last } : {},
    ...(containerID ? { containerID } : {}),
  };
}

/** Of a container that has ended for good. */
export function exitCodeOf({ phase, last }: Pick<ContainerObservation, 'phase' | 'last'>): number | undefined {
  return phase.state === 'ended' ? last?.exitCode : undefined;
}

/** Whether it waits for anything beyond the usual. */
export function isHeldUp(phase: Phase<unknown>): boolean {
  return phase.state === 'waiting' && (phase.reason !== 'ContainerCreating' || phase.message !== undefined);
}

/** What a start waits for while it is under way: what the container waited for before. */
export function waitingBefore(phase: Phase<unknown>): { readonly reason: string; readonly message?: string } {
  const { reason = 'ContainerCreating', message } = phase.state === 'waiting' ? phase : {};
  return { reason, ...(message ? { message } : {}) };
}

function stateOf(phase: Phase<unknown>, last: Terminated | undefined): ContainerState {
  switch (phase.state) {
    case 'running':
      return { running: { startedAt: rfc3339(phase.since) } };
    case 'ended':
      return last ? { terminated: last } : { waiting: { reason: 'ContainerCreating' } };
    default:
      return { waiting: { reason: phase.reason, ...(phase.message ? { message: phase.message } : {}) } };
  }
}

export interface EndObservation {
  readonly exit: Exit;
  readonly since: number;
  readonly now: number;
  /** What the run said last. */
  readonly words: string;
  readonly containerID: string;
}

export function terminatedBy({ exit, since, now, words, containerID }: EndObservation): Terminated {
  const message =
    words || (exit.isUnknown ? 'how the container ended is not known: it was taken over from an earlier platform' : '');
  return {
    exitCode: exit.code,
    reason: reasonOf(exit),
    ...(message ? { message } : {}),
    startedAt: rfc3339(since),
    finishedAt: rfc3339(now),
    ...(containerID ? { containerID } : {}),
  };
}

function reasonOf({ code, oomKilled, isUnknown }: Exit): string {
  if (isUnknown) return 'ContainerStatusUnknown';
  if (oomKilled) return 'OOMKilled';
  return code === 0 ? 'Completed' : 'Error';
}
