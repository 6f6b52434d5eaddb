// Watches objects for ApiServerSources, and sends what they see, in its order.

import type { Clock, Random } from '#base/mod.ts';
import { uuid } from '#base/mod.ts';
import type { CloudEvent } from '#events/mod.ts';
import type { CeOverrides } from '#kinds/mod.ts';
import type { Kind, KubeObject, ObjectKey } from '#machinery/mod.ts';
import type { Informers } from '#objects/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { Outbox } from '../outbox.ts';
import type { SinkAddress } from '../sinks.ts';
import type { Interest } from './change.ts';
import { seenBy } from './change.ts';
import type { Mode } from './event.ts';
import { changeEvent } from './event.ts';

/** What a source wants to see, and where it goes. */
export interface WatchOrder {
  readonly resources: readonly { readonly kind: Kind; readonly interest: Interest }[];
  readonly mode: Mode;
  readonly passes: (event: CloudEvent) => boolean;
  readonly overrides: CeOverrides | undefined;
  readonly to: SinkAddress;
  readonly namespace: string;
  readonly identity: string | undefined;
}

export interface WatchingPorts {
  readonly informers: Informers;
  readonly outbox: Pick<Outbox, 'post'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The URL of the API server, which is the source of the events. */
  readonly apiUrl: string;
}

/** Events of one source that wait for those before them; beyond this the newest are lost, and told. */
const MAX_WAITING = 10_000;

interface Watched {
  order: WatchOrder;
  readonly kinds: string;
  readonly stops: readonly (() => void)[];
  waiting: number;
  tail: Promise<unknown>;
}

export class Watching {
  readonly #ports: WatchingPorts;
  readonly #watched = new Map<ObjectKey, Watched>();

  constructor(ports: WatchingPorts) {
    this.#ports = ports;
  }

  /** From here on a source sees this. What is there already is not told. */
  set(key: ObjectKey, order: WatchOrder): void {
    const kinds = order.resources.map(({ kind }) => `${kind.apiVersion} ${kind.kind}`).join(',');
    const before = this.#watched.get(key);
    if (before?.kinds === kinds) {
      before.order = order;
      return;
    }
    this.stop(key);
    const watched: Watched = {
      order,
      kinds,
      waiting: 0,
      tail: Promise.resolve(),
      stops: order.resources.map(({ kind }, index) => this.#watch(kind, index, () => watched)),
    };
    this.#watched.set(key, watched);
  }

  stop(key: ObjectKey): void {
    for (const stop of this.#watched.get(key)?.stops ?? []) stop();
    this.#watched.delete(key);
  }

  #watch(kind: Kind, index: number, watched: () => Watched): () => void {
    const informer = this.#ports.informers.of(kind);
    // What is there from before is told first: it is no news.
    const present = new Set(informer.list().map(({ metadata }) => metadata.uid));
    return informer.onChange((change) => {
      const { before, after } = change;
      if (!before && (!informer.synced || present.delete(after?.metadata.uid))) return;
      const resource = watched().order.resources[index];
      const seen = resource && seenBy(resource.interest, change);
      if (seen) this.#tell(watched(), seen.what, seen.object);
    });
  }

  #tell(watched: Watched, what: 'add' | 'update' | 'delete', object: KubeObject): void {
    const { mode, overrides, passes, to, namespace, identity } = watched.order;
    const { random, clock, apiUrl, outbox, log } = this.#ports;
    const id = uuid(random);
    const event = changeEvent({ what, object, mode, source: apiUrl, id, now: clock.now(), overrides });
    if (!passes(event)) return;
    if (watched.waiting >= MAX_WAITING) {
      log.warn('an event of a source was lost: too many wait for its sink', { sink: to.url, waiting: MAX_WAITING });
      return;
    }
    watched.waiting++;
    watched.tail = watched.tail
      .then(() => outbox.post({ event, to, namespace, identity }))
      .finally(() => watched.waiting--);
  }
}
