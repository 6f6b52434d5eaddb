// The images of a Pod's containers: asked for while the place is being made, and again, ever less often, where they cannot be had.

import { messageOf } from '#base/mod.ts';
import type { Container } from '#kinds/mod.ts';
import type { ContainerRuns } from './container.ts';
import type { PodLife } from './pod-life.ts';
import type { ReadyImage } from './pod-ports.ts';

const RETRY_MS = [1000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000];

/** How long a container that lacks its image says ErrImagePull, then ImagePullBackOff; `failures` counts from 1. */
export function pullPauses(failures: number): { readonly errorMs: number; readonly backOffMs: number } {
  return { errorMs: RETRY_MS[0] ?? 0, backOffMs: RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0 };
}

export class PodImages {
  readonly #life: PodLife;
  /** As they were asked for; each is for one run. */
  readonly #asked = new Map<string, Promise<ReadyImage>>();

  constructor(life: PodLife) {
    this.#life = life;
  }

  /** While the place is being made. */
  askAhead(runs: ContainerRuns): void {
    const asked = this.take(runs.container);
    asked.then(
      ({ digest }) => (runs.imageID = digest),
      () => {},
    );
    this.#asked.set(runs.container.name, asked);
  }

  /** What was asked for ahead, else asked for now. */
  take({ name, image = '' }: Container): Promise<ReadyImage> {
    const ahead = this.#asked.get(name);
    this.#asked.delete(name);
    return ahead ?? this.#life.ports.images.bring(image, this.#life.pod);
  }

  /** Tries until the image is here; meanwhile the container waits in kubelet's words. */
  async bring(runs: ContainerRuns): Promise<void> {
    const image = JSON.stringify(runs.container.image ?? '');
    for (let failures = 1; !this.#life.isOver; failures++) {
      try {
        const asked = this.take(runs.container);
        runs.imageID = (await this.#life.unlessOver(asked)).digest;
        this.#asked.set(runs.container.name, asked);
        return;
      } catch (error) {
        if (this.#life.isOver) return;
        const { errorMs, backOffMs } = pullPauses(failures);
        const message = `Failed to pull image ${image}: ${messageOf(error)}`;
        this.#life.event('Warning', 'Failed', message);
        runs.wait('ErrImagePull', message);
        await this.#life.pause(errorMs);
        runs.wait('ImagePullBackOff', `Back-off pulling image ${image}: ${messageOf(error)}`);
        await this.#life.pause(backOffMs);
      }
    }
  }
}
