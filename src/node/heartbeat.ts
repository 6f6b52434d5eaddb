// Keeps the Node of this machine in the API and ready, and its Lease renewed.

import type { Clock, Timer } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import { Lease, Node } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import { machineFacts } from './machine.ts';
import type { NodeFacts } from './node-status.ts';
import { isReady, newNode, nodeStatus, renewedLease } from './node-status.ts';

const HEARTBEAT_MS = 10_000;

export interface HeartbeatPorts extends Pick<NodeFacts, 'nodeName' | 'hostIP' | 'launcher'> {
  readonly client: Client;
  readonly clock: Clock;
  warn(message: string, fields: Record<string, unknown>): void;
}

export class Heartbeat {
  readonly #ports: HeartbeatPorts;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(ports: HeartbeatPorts) {
    this.#ports = ports;
  }

  /** Resolves after the first beat, by which the Node is there and ready; what fails is told, and tried again with the next. */
  async begin(): Promise<void> {
    await this.#beat();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #beat(): Promise<void> {
    const { clock, warn } = this.#ports;
    try {
      await this.#reportNode();
      await this.#renewLease();
    } catch (error) {
      warn('the heartbeat of the node failed', { error: messageOf(error) });
    }
    if (!this.#stopped) this.#timer = clock.after(HEARTBEAT_MS, () => void this.#beat());
  }

  async #reportNode(): Promise<void> {
    const { client, nodeName } = this.#ports;
    const there = await client.get(Node, '', nodeName);
    const node = there ?? (await client.create(Node, newNode(this.#facts())));
    if (!isReady(node)) await client.updateStatus(Node, { ...node, status: nodeStatus(this.#facts()) });
  }

  async #renewLease(): Promise<void> {
    const { client, nodeName } = this.#ports;
    const { now } = this.#facts();
    const there = await client.get(Lease, 'kube-node-lease', nodeName);
    const lease = renewedLease(there, { nodeName, now });
    if (there) await client.update(Lease, lease);
    else await client.create(Lease, lease);
  }

  #facts(): NodeFacts {
    const { nodeName, hostIP, launcher, clock } = this.#ports;
    return { nodeName, hostIP, launcher, machine: machineFacts(), now: clock.now() };
  }
}
