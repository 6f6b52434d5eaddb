// Deliveries of what is kept: once more, beside those that consumers get.

import type { Consumer, Delivery } from '../control.ts';
import { ConsumerRun } from '../deliver/consumer-run.ts';
import { Letter } from '../deliver/letter.ts';
import type { DeliveryPorts } from '../deliver/ports.ts';
import type { ReplayOrder, ReplayStatus } from './words.ts';

const USUAL: Delivery = { retry: 3, backoffPolicy: 'exponential', backoffDelayMs: 1000 };
const READ_BYTES = 1024 * 1024;

export interface ReplayRange {
  readonly from: number;
  readonly until: number;
}

/** One replay, from its order to its end. */
export class Replay {
  readonly id: string;
  readonly #order: ReplayOrder;
  readonly #ports: DeliveryPorts;
  readonly #from: number;
  readonly #until: number;
  readonly #run: ConsumerRun;
  #position: number;
  #delivered = 0;
  #failed = 0;
  #isOver = false;
  #wake: () => void = () => {};

  constructor(id: string, order: ReplayOrder, { from, until }: ReplayRange, ports: DeliveryPorts) {
    this.id = id;
    this.#order = order;
    this.#ports = ports;
    this.#from = from;
    this.#position = from;
    this.#until = until;
    const rule: Consumer = {
      namespace: '',
      name: id,
      kind: 'subscription',
      filters: order.filters ?? [],
      subscriber: order.to,
      delivery: order.delivery ?? USUAL,
    };
    const onEnd = (end: string) => {
      if (end === 'delivered') this.#delivered++;
      else this.#failed++;
    };
    this.#run = new ConsumerRun(
      rule,
      { cursor: from, unfinished: [] },
      { ...ports, stream: order.stream, id, onChange: () => this.#wake(), onRoom: () => this.#wake(), onEnd },
    );
  }

  get status(): ReplayStatus {
    return {
      id: this.id,
      stream: this.#order.stream,
      to: this.#order.to.url,
      from: this.#from,
      position: this.#position,
      until: this.#until,
      delivered: this.#delivered,
      failed: this.#failed,
      isOver: this.#isOver,
    };
  }

  /** Resolves at the end of it. */
  async run(): Promise<void> {
    while (this.#position < this.#until && !this.#isOver) {
      if (this.#run.appetite === 0) await this.#change();
      else if (!(await this.#readOn())) break;
    }
    while (this.#run.unfinished > 0 && !this.#isOver) await this.#change();
    this.#isOver = true;
  }

  stop(): void {
    this.#isOver = true;
    this.#run.stop();
    this.#wake();
  }

  async #readOn(): Promise<boolean> {
    const { appetite } = this.#run;
    const limit = { records: appetite, bytes: READ_BYTES };
    const records = await this.#ports.log.read(this.#order.stream, this.#position, limit);
    for (const record of records) {
      if (record.offset >= this.#until) return false;
      const letter = new Letter(record);
      if (this.#run.sieve.matches(letter.event)) {
        if (!this.#run.hasRoom(letter.bytes)) return true;
        this.#run.offer(letter);
      }
      this.#position = record.offset + 1;
    }
    return records.length > 0;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
