// The timers of IntegrationSources: an event each period, up to a count. They begin anew when the platform starts.

import type { Clock, Random, Timer } from '#base/mod.ts';
import { uuid } from '#base/mod.ts';
import type { CeOverrides } from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { makeEvent } from '../make-event.ts';
import type { Outbox } from '../outbox.ts';
import type { SinkAddress } from '../sinks.ts';

export interface TimerOrder {
  readonly periodMs: number;
  readonly message: string;
  readonly contentType: string;
  /** After how many events it ends; never where it is not said. */
  readonly repeatCount: number | undefined;
}

/** Where the events of a timer go, and what is added to them. */
export interface TimerRoute {
  readonly to: SinkAddress;
  readonly namespace: string;
  /** The ServiceAccount of the source, in its namespace. */
  readonly identity: string | undefined;
  readonly overrides: CeOverrides | undefined;
}

export const TIMER_EVENT_TYPE = 'dev.knative.eventing.timer';
export const TIMER_SOURCE = 'dev.knative.eventing.timer-source';
const SUBJECT = 'timer-source';

interface Running {
  readonly order: string;
  route: TimerRoute;
  sent: number;
  timer: Timer | undefined;
}

export interface TimerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly outbox: Pick<Outbox, 'post'>;
}

export class Timers {
  readonly #ports: TimerPorts;
  readonly #running = new Map<ObjectKey, Running>();

  constructor(ports: TimerPorts) {
    this.#ports = ports;
  }

  /** Starts a timer. One that is the same as before goes on, to where it leads now. */
  set(key: ObjectKey, order: TimerOrder, route: TimerRoute): void {
    const text = JSON.stringify(order);
    const before = this.#running.get(key);
    if (before?.order === text) {
      before.route = route;
      return;
    }
    this.stop(key);
    const running: Running = { order: text, route, sent: 0, timer: undefined };
    this.#running.set(key, running);
    this.#next(running, order);
  }

  stop(key: ObjectKey): void {
    this.#running.get(key)?.timer?.cancel();
    this.#running.delete(key);
  }

  #next(running: Running, order: TimerOrder): void {
    if (order.repeatCount !== undefined && order.repeatCount > 0 && running.sent >= order.repeatCount) return;
    running.timer = this.#ports.clock.after(order.periodMs, () => {
      running.sent++;
      this.#send(running.route, order);
      this.#next(running, order);
    });
  }

  #send({ to, namespace, identity, overrides }: TimerRoute, { message, contentType }: TimerOrder): void {
    const { clock, random, outbox } = this.#ports;
    const event = makeEvent({
      id: uuid(random),
      type: TIMER_EVENT_TYPE,
      source: TIMER_SOURCE,
      subject: SUBJECT,
      time: clock.now(),
      datacontenttype: contentType,
      overrides,
      data: new TextEncoder().encode(message),
    });
    void outbox.post({ event, to, namespace, identity });
  }
}
