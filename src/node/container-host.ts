// What a container has of its Pod: an image, volumes, an environment and a log to start a run with, and where its probes go.

import type { Container } from '#kinds/mod.ts';
import type { ContainerHost } from './container.ts';
import { StartProblem } from './container.ts';
import { containerStart } from './container-start.ts';
import { gracePeriodMs } from './grace.ts';
import type { RunningContainer } from './launcher.ts';
import type { PodImages } from './pod-images.ts';
import type { PodLife } from './pod-life.ts';
import type { PodLogs } from './pod-logs.ts';
import type { PodPlace } from './pod-place.ts';
import type { PodVolumes } from './pod-volumes.ts';

/** What the containers of one Pod share. */
export interface PodParts {
  readonly life: PodLife;
  readonly place: PodPlace;
  readonly images: PodImages;
  readonly volumes: PodVolumes;
  readonly logs: PodLogs;
  /** Something changed that the Pod's status should tell. */
  changed(): void;
}

export function hostOf(
  parts: PodParts,
  container: Container,
  { restartPolicy, isInit }: Pick<ContainerHost, 'restartPolicy' | 'isInit'>,
): ContainerHost {
  const { life, place, logs } = parts;
  return {
    clock: life.ports.clock,
    calm: life.ports.calm,
    restartPolicy,
    isInit,
    graceMs: gracePeriodMs(life.pod),
    start: (_, run) => launch(parts, container, run),
    probeTarget: (running) => ({
      address: (port) => place.addressOf(port),
      exec: (command, timeoutMs) => running.exec(command, timeoutMs),
      isListening: (address) => life.ports.launcher.isListening?.(address),
    }),
    lastWords: (_, run, exit) => logs.lastWords(container, run, exit),
    changed: () => parts.changed(),
    event: (type, reason, message) => life.event(type, reason, message),
  };
}

async function launch(parts: PodParts, container: Container, run: number): Promise<RunningContainer> {
  const { life, place, images, volumes, logs } = parts;
  const { launcher, environment, clock } = life.ports;
  const { sandbox } = place;
  if (!sandbox) throw new StartProblem('ContainerCreating', 'the Pod has no place in the network yet');
  const image = await life.unlessOver(images.take(container));
  const start = await containerStart({
    pod: life.pod,
    container,
    run,
    image,
    volumes: volumes.folders,
    references: volumes.sources,
    facts: place.facts,
    common: environment,
    isIsolated: launcher.isIsolated,
    ...(await logs.make(container.name, run)),
  });
  await life.ports.calm.turn();
  if (life.isOver) throw new StartProblem('ContainerCreating', 'the Pod is being stopped');
  const running = await launcher.start(sandbox, start);
  logs.watch(container.name, run, running, clock.now());
  return running;
}
