// The volumes of one Pod over its life: waited for before containers start, and brought up to date while they run.

import { join } from 'node:path';
import { messageOf } from '#base/mod.ts';
import type { ContainerRuns } from './container.ts';
import type { PodLife } from './pod-life.ts';
import type { PodPlace } from './pod-place.ts';
import { cachedTokens } from './token-cache.ts';
import { VolumeProblem } from './volume-problem.ts';
import type { VolumeSources } from './volumes.ts';
import { bringVolumes, renewalSeconds } from './volumes.ts';

const RETRY_MS = 1000;

export class PodVolumes {
  readonly sources: VolumeSources;
  readonly #life: PodLife;
  readonly #place: PodPlace;
  #folders = new Map<string, string>();
  #written: Promise<unknown> = Promise.resolve();

  constructor(life: PodLife, place: PodPlace) {
    const { volumes, clock } = life.ports;
    this.#life = life;
    this.#place = place;
    this.sources = { ...volumes, token: cachedTokens((...asked) => volumes.token(...asked), clock) };
  }

  /** Where each lies, by its name; empty until they are there. */
  get folders(): ReadonlyMap<string, string> {
    return this.#folders;
  }

  /** Tries until they are there; meanwhile the container waits. */
  async bring(runs: ContainerRuns): Promise<void> {
    while (!this.#life.isOver) {
      try {
        this.#folders = await this.#write();
        return;
      } catch (error) {
        const message = messageOf(error);
        this.#life.event('Warning', 'FailedMount', `MountVolume.SetUp failed: ${message}`);
        runs.wait('ContainerCreating', message);
        await this.#life.pause(RETRY_MS);
      }
    }
  }

  /** Brings them to what they should hold now; for changes of config maps and secrets while the Pod runs. */
  async refresh(): Promise<void> {
    if (this.#life.isOver || !this.#place.sandbox || this.#folders.size === 0) return;
    await this.#write().catch((error: unknown) => {
      if (!(error instanceof VolumeProblem)) throw error;
    });
  }

  /** Tokens are signed anew when most of their life is over; nothing is set for a Pod without. */
  renewTokens(): void {
    const seconds = renewalSeconds(this.#life.pod);
    if (seconds === undefined) return;
    this.#life.after(seconds * 1000, () => {
      this.renewTokens();
      this.refresh().catch((error: unknown) => this.#life.warn('the tokens of a Pod could not be renewed', error));
    });
  }

  /** When nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#written;
  }

  /** One after another, for two at once would write into the same folder. */
  #write(): Promise<Map<string, string>> {
    const folder = join(this.#life.folder, 'volumes');
    const written = this.#written.then(() =>
      bringVolumes(this.#life.pod, folder, this.sources, this.#place.facts, {
        known: this.#folders,
        isSeen: (target) => this.#life.ports.launcher.isSeen?.(target) ?? true,
      }),
    );
    this.#written = written.catch(() => undefined);
    return written;
  }
}
