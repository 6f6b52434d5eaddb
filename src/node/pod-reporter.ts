// Tells the API how a Pod is: one write at a time, always of the newest state, and again where a write failed. What else the node has to
// say of the Pod, as annotations, goes with its status.

import type { Calm, Clock, Timer } from '#base/mod.ts';
import { equal, messageOf } from '#base/mod.ts';
import type { PodStatus } from '#kinds/mod.ts';
import { Pod } from '#kinds/mod.ts';
import { isReason, keyOf } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';

const TRIES = 5;
const AGAIN_MS = 5000;

export interface ReporterPorts {
  readonly client: Client;
  readonly clock: Clock;
  readonly calm: Calm;
  warn(message: string, fields: Record<string, unknown>): void;
  /** What the Pod's status should be now, given what it is in the API. */
  statusOf(pod: Pod): PodStatus;
  /** Annotations that it should have. */
  annotations(): Readonly<Record<string, string>>;
}

export class PodReporter {
  readonly #ports: ReporterPorts;
  #pod: Pod;
  #isDue = false;
  #isSilent = false;
  #writing: Promise<void> | undefined;
  #again: Timer | undefined;
  #soon: Timer | undefined;

  constructor(pod: Pod, ports: ReporterPorts) {
    this.#pod = pod;
    this.#ports = ports;
  }

  /** The newest that is known of the Pod. */
  get pod(): Pod {
    return this.#pod;
  }

  /** The same with the status that it should have. */
  get told(): Pod {
    return { ...this.#pod, status: this.#ports.statusOf(this.#pod) };
  }

  /** Takes what the API says, unless something newer is known. */
  see(pod: Pod): void {
    if (versionOf(pod) >= versionOf(this.#pod)) this.#pod = pod;
  }

  /** Writes what differs; resolves when that, and what changed meanwhile, is written. */
  report(): Promise<void> {
    this.#soon?.cancel();
    this.#soon = undefined;
    if (this.#isSilent) return Promise.resolve();
    this.#isDue = true;
    this.#writing ??= this.#writeAll();
    return this.#writing;
  }

  /** Like `report`, within `ms` (later where the machine is busy): what changes until then is told with it. */
  reportWithin(ms: number): void {
    if (!this.#isSilent) this.#soon ??= this.#ports.calm.after(ms, () => void this.report());
  }

  /** Writes nothing from now on. */
  silence(): void {
    this.#isSilent = true;
    this.#soon?.cancel();
    this.#again?.cancel();
  }

  async #writeAll(): Promise<void> {
    while (this.#isDue && !this.#isSilent) {
      this.#isDue = false;
      await this.#write().catch((error: unknown) => this.#later(error));
    }
    this.#writing = undefined;
  }

  async #write(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const status = this.#ports.statusOf(this.#pod);
      const metadata = annotated(this.#pod.metadata, this.#ports.annotations());
      if (equal(status, this.#pod.status) && metadata === this.#pod.metadata) return;
      try {
        return this.see(await this.#ports.client.updateStatus(Pod, { ...this.#pod, metadata, status }));
      } catch (error) {
        if (isReason(error, 'NotFound')) return;
        if (!isReason(error, 'Conflict') || tries === TRIES) throw error;
        if (!(await this.#readAgain())) return;
      }
    }
  }

  /** False where there is no such Pod any more. */
  async #readAgain(): Promise<boolean> {
    const { namespace = '', name, uid } = this.#pod.metadata;
    const now = await this.#ports.client.get(Pod, namespace, name);
    if (!now || now.metadata.uid !== uid) return false;
    this.#pod = now;
    return true;
  }

  #later(error: unknown): void {
    this.#ports.warn('the status of a Pod could not be written', { pod: keyOf(this.#pod), error: messageOf(error) });
    this.#again?.cancel();
    if (!this.#isSilent) this.#again = this.#ports.clock.after(AGAIN_MS, () => void this.report());
  }
}

/** The very same where it has them already. */
function annotated(metadata: Pod['metadata'], wanted: Readonly<Record<string, string>>): Pod['metadata'] {
  const { annotations } = metadata;
  const isTold = Object.entries(wanted).every(([name, value]) => annotations?.[name] === value);
  return isTold ? metadata : { ...metadata, annotations: { ...annotations, ...wanted } };
}

function versionOf({ metadata }: Pod): number {
  return Number(metadata.resourceVersion ?? 0);
}
