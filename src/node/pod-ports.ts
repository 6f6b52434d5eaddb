// What the worker of a Pod works with: the ports that all Pods of a node share, and images that are ready to run.

import type { Calm, Clock } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { PodFacts } from './environment.ts';
import type { Launcher } from './launcher.ts';
import type { PodRecord } from './record.ts';
import type { VolumeSources } from './volumes.ts';

/** An image, ready to run. */
export interface ReadyImage {
  readonly digest: string;
  readonly rootfs: string | 'host';
  readonly overlay?: string;
  readonly config: {
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly WorkingDir?: string;
    readonly User?: string;
  };
}

/** Brings images here. Throws Error in words where it cannot. */
export interface ImagePuller {
  bring(image: string, pod: Pod): Promise<ReadyImage>;
}

/** One for all Pods of a node, but for `volumes`: references of a Pod lead into its own namespace. */
export interface PodPorts {
  readonly client: Client;
  readonly clock: Clock;
  /** Hears of programs that start, and tells when what is not waited for is told. */
  readonly calm: Calm;
  readonly launcher: Launcher;
  readonly images: ImagePuller;
  readonly volumes: VolumeSources;
  readonly facts: Omit<PodFacts, 'podIP'>;
  /** Environment that every container gets first. */
  readonly environment: readonly (readonly [string, string])[];
  /** Folder with one folder for each Pod. */
  readonly folder: string;
  /** No new request goes to this Pod from the call on; resolves when none is left there, or at the deadline. */
  drain(podUid: string, deadlineMs: number): Promise<unknown>;
  /** Takes what is to be kept of a Pod that is gone out of its folder. */
  keepEnded(pod: Pod, folder: string): Promise<void>;
  /** Notes what runs, so that a later platform finds it. */
  note(podUid: string, record: PodRecord | undefined): void;
  event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void;
  warn(message: string, fields: Record<string, unknown>): void;
}
