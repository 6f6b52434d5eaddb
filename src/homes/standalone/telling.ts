// When the data process has been told everything anew: until then it must not forget what an earlier control process told it.

import type { Clock, Timer } from '#base/mod.ts';
import type { EventsControl } from '#events/mod.ts';
import { streamKey } from '#eventing/mod.ts';
import type { GatewayControl, Target } from '#gateway/mod.ts';
import { EBB_INGRESS_CLASS, InMemoryChannel, INGRESS_CLASS_KEYS, KIngress, Revision } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { isReady, keyOf } from '#machinery/mod.ts';
import type { Informers } from '#objects/mod.ts';

const LOOK_MS = 100;
/** Then whatever has not been told is taken for gone. */
const PATIENCE_MS = 60_000;

/** Watches over what the controllers say to the data process after a start. */
export class Telling {
  /** Resolves when each Revision, each ingress that is ready or was when it began, and each channel has been told. */
  readonly all: Promise<void>;
  readonly #informers: Informers;
  readonly #clock: Clock;
  readonly #targets = new Set<string>();
  readonly #ingresses = new Set<string>();
  readonly #streams = new Set<string>();
  readonly #done: () => void;
  /** Of an earlier run: a controller takes an ingress for not ready while its targets are yet to be told. */
  #wereReady: ReadonlySet<string> = new Set();
  #timer: Timer | undefined;

  constructor(informers: Informers, clock: Clock) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.all = promise;
    this.#done = resolve;
    this.#informers = informers;
    this.#clock = clock;
  }

  /** The same control, which notes what it is told; `onTarget` hears of each target that is told. */
  noting(control: GatewayControl, onTarget: (key: string, target: Target | undefined) => void): GatewayControl {
    return {
      setTarget: async (key, target) => {
        await control.setTarget(key, target);
        this.#targets.add(key);
        onTarget(key, target);
      },
      setIngress: async (key, rules) => {
        await control.setIngress(key, rules);
        this.#ingresses.add(key);
      },
      drain: (endpoint, deadlineMs) => control.drain(endpoint, deadlineMs),
      onReport: (listen) => control.onReport(listen),
      onWake: (listen) => control.onWake(listen),
      refusals: () => control.refusals(),
    };
  }

  /** The same for streams of events. */
  notingStreams(events: EventsControl): Pick<EventsControl, 'setStream' | 'onTypeSeen'> {
    return {
      setStream: async (key, rule) => {
        await events.setStream(key, rule);
        this.#streams.add(key);
      },
      onTypeSeen: (listen) => events.onTypeSeen(listen),
    };
  }

  /** The controllers run from here on. */
  begin(): void {
    const ready = this.#informers.of(KIngress).list().filter(isReady);
    this.#wereReady = new Set(ready.map(keyOf));
    const until = this.#clock.monotonic() + PATIENCE_MS;
    const look = () => {
      if (this.#isAllTold() || this.#clock.monotonic() >= until) this.#done();
      else this.#timer = this.#clock.after(LOOK_MS, look);
    };
    look();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #isAllTold(): boolean {
    const revisions = this.#informers.of(Revision).list();
    const ingresses = this.#informers.of(KIngress).list();
    const channels = this.#informers.of(InMemoryChannel).list();
    return (
      channels.every((one) => isGoing(one) || this.#streams.has(streamKey(one))) &&
      revisions.every((one) => isGoing(one) || this.#targets.has(keyOf(one))) &&
      ingresses.every((one) => isGoing(one) || !isOurs(one) || !this.#wasReady(one) || this.#ingresses.has(keyOf(one)))
    );
  }

  #wasReady(ingress: KIngress): boolean {
    return isReady(ingress) || this.#wereReady.has(keyOf(ingress));
  }
}

function isGoing({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function isOurs({ metadata }: KIngress): boolean {
  const key = INGRESS_CLASS_KEYS.find((one) => metadata.annotations?.[one] !== undefined);
  return key !== undefined && metadata.annotations?.[key] === EBB_INGRESS_CLASS;
}
