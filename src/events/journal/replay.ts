// A replay: sends events that are kept to a sink, beside the deliveries that consumers get.

import type { Consumer, Delivery } from '../control.ts';
import { ConsumerRun } from '../deliver/consumer-run.ts';
import { Letter } from '../deliver/letter.ts';
import type { Unfinished } from '../deliver/marks.ts';
import type { DeliveryPorts } from '../deliver/ports.ts';
import type { ReplayOrder, ReplayStatus } from './words.ts';

const USUAL: Delivery = { retry: 3, backoffPolicy: 'exponential', backoffDelayMs: 1000 };
const READ_BYTES = 1024 * 1024;

/** All that is needed to go on with a replay. */
export interface KeptReplay {
  readonly order: ReplayOrder;
  /** Where it began. */
  readonly from: number;
  /** The next offset that it looks at, and the one at which it ends. */
  readonly position: number;
  readonly until: number;
  readonly delivered: number;
  readonly failed: number;
  /** Events before `position` that it is not done with: offsets, and how often they failed. */
  readonly unfinished: readonly (readonly [offset: number, failures: number])[];
  readonly isOver: boolean;
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
  #delivered: number;
  #failed: number;
  #isOver: boolean;
  #isStopped = false;
  #wake: () => void = () => {};

  constructor(
    id: string,
    { order, from, position, until, delivered, failed, unfinished, isOver }: KeptReplay,
    ports: DeliveryPorts,
  ) {
    this.id = id;
    this.#order = order;
    this.#ports = ports;
    this.#from = from;
    this.#position = position;
    this.#until = until;
    this.#delivered = delivered;
    this.#failed = failed;
    this.#isOver = isOver;
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
      { cursor: position, unfinished: unfinished.map(unfinishedOf) },
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

  get kept(): KeptReplay {
    return {
      order: this.#order,
      from: this.#from,
      position: this.#position,
      until: this.#until,
      delivered: this.#delivered,
      failed: this.#failed,
      unfinished: this.#run
        .mark()
        .unfinished.map(({ offset, stage }) => [offset, stage?.at === 'subscriber' ? stage.failures : 0]),
      isOver: this.#isOver,
    };
  }

  /** Resolves once it is over, or stopped. */
  async run(): Promise<void> {
    this.#run.pump();
    while (this.#position < this.#until && !this.#isStopped) {
      if (this.#run.appetite === 0) await this.#change();
      else if (!(await this.#readOn())) break;
    }
    while (this.#run.unfinished > 0 && !this.#isStopped) await this.#change();
    if (!this.#isStopped) this.#isOver = true;
  }

  /** Sends nothing more. It is not over for that: another process may go on with what was kept. */
  stop(): void {
    this.#isStopped = true;
    this.#run.stop();
    this.#wake();
  }

  /** It cannot go on. */
  fail(): void {
    this.stop();
    this.#isOver = true;
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

function unfinishedOf([offset, failures]: readonly [number, number]): Unfinished {
  return { offset, key: undefined, stage: failures === 0 ? undefined : { at: 'subscriber', failures } };
}
