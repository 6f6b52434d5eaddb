// The control over a data plane of events in another process: both ends of the line. Of a stream only what changed is told.

import type { Clock } from '#base/mod.ts';
import type { Change } from '#link/mod.ts';
import { connectLink, serveLink } from '#link/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type {
  EventPage,
  EventQuery,
  EventStory,
  RedriveOrder,
  RedriveResult,
  ReplayOrder,
  ReplayStatus,
} from './journal/words.ts';
import type {
  Consumer,
  EventsControl,
  ServicePlaces,
  StreamRule,
  StreamStatus,
  TokenIssuer,
  TypeSeen,
  WantedService,
} from './control.ts';

/** What a data plane does for a control process that may come and go. */
export interface TellableEvents extends EventsControl {
  /** Everything that is wanted has been told. */
  told(): void;
  /** Serves it no longer, and keeps its events. */
  releaseStream(key: string): Promise<void>;
}

type StreamHead = Omit<StreamRule, 'consumers'>;

const ISSUERS = 'issuers';

/** Serves the control at the path, until closed. */
export async function serveEventsControl(
  socketPath: string,
  events: TellableEvents,
  log: Logger,
): Promise<{ close(): Promise<void> }> {
  const streams = new Assembly();
  const link = await serveLink(socketPath, {
    log,
    async apply(changes, isAll) {
      for (const { kind, value } of changes)
        if (kind === ISSUERS) await events.setIssuers((value ?? []) as readonly TokenIssuer[]);
      const stale = new Set(changes.flatMap(({ kind, key, isStale }) => (kind === 'stream' && isStale ? [key] : [])));
      await Promise.all(
        streams
          .take(changes)
          .map((key) => (stale.has(key) ? events.releaseStream(key) : events.setStream(key, streams.rule(key)))),
      );
      if (isAll) events.told();
    },
    answering: {
      status: () => events.status(),
      events: (query) => events.events(query as EventQuery),
      async event(argument) {
        const { stream, offset } = argument as { stream: string; offset: number };
        return events.event(stream, offset);
      },
      replay: (order) => events.replay(order as ReplayOrder),
      replays: () => events.replays(),
      redrive: (order) => events.redrive(order as RedriveOrder),
    },
  });
  const stops = [
    events.onTypeSeen((seen) => link.tell('type', seen)),
    events.onPlacesWanted(async (service) => (await link.ask('places', service)) as ServicePlaces),
    events.onTokenWanted(async (identity, audience) => (await link.ask('token', { identity, audience })) as string),
  ];
  return {
    async close() {
      for (const stop of stops) stop();
      await link.close();
    },
  };
}

/** Rules put together from their pieces: those of consumers that did not change stay the same objects. */
class Assembly {
  readonly #heads = new Map<string, StreamHead>();
  readonly #consumers = new Map<string, Map<string, Consumer>>();

  /** Gives the streams that changed. */
  take(changes: readonly Change[]): string[] {
    const changed = new Set<string>();
    for (const { kind, key, value } of changes) {
      const [stream, consumer] = kind === 'consumer' ? (JSON.parse(key) as [string, string]) : [key, ''];
      if (kind === 'stream') put(this.#heads, stream, value as StreamHead | undefined);
      else if (kind === 'consumer') {
        const consumers = this.#consumers.get(stream) ?? new Map<string, Consumer>();
        this.#consumers.set(stream, consumers);
        put(consumers, consumer, value as Consumer | undefined);
        if (consumers.size === 0) this.#consumers.delete(stream);
      } else continue;
      changed.add(stream);
    }
    return [...changed];
  }

  rule(key: string): StreamRule | undefined {
    const head = this.#heads.get(key);
    return head && { ...head, consumers: Object.fromEntries(this.#consumers.get(key) ?? []) };
  }
}

function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

export interface ConnectEventsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Until it resolves, what an earlier control process told stays in force where this one has said nothing. */
  readonly allTold?: Promise<void>;
}

export interface LinkedEvents extends EventsControl {
  /** Ends the line. The data process goes on with what it was told. */
  close(): Promise<void>;
}

/** Begins to connect, and goes on until closed. Changes resolve when the data process has them, however long that takes. */
export function connectEvents(socketPath: string, options: ConnectEventsOptions): LinkedEvents {
  const typeListeners = new Set<(seen: TypeSeen) => void>();
  let giveToken: ((identity: string, audience: string) => Promise<string>) | undefined;
  let givePlaces: ((service: WantedService) => Promise<ServicePlaces>) | undefined;
  const link = connectLink(socketPath, {
    ...options,
    answering: {
      async token(argument) {
        const { identity, audience } = argument as { identity: string; audience: string };
        if (!giveToken) throw new Error(`nobody gives tokens of ${identity}`);
        return giveToken(identity, audience);
      },
      async places(argument) {
        if (!givePlaces) throw new Error('nobody knows where Services are');
        return givePlaces(argument as WantedService);
      },
    },
    onNews(name, value) {
      if (name === 'type') for (const listen of typeListeners) listen(value as TypeSeen);
    },
  });
  const rules = new Map<string, StreamRule>();
  return {
    async setStream(key, rule) {
      const changes = difference(key, rules.get(key), rule);
      put(rules, key, rule);
      try {
        await link.change(changes);
      } catch (error) {
        // What is in force there is not known any more, so that all of it is told the next time.
        if (rules.get(key) === rule) rules.delete(key);
        throw error;
      }
    },
    setIssuers: (issuers) => link.change([{ kind: ISSUERS, key: '', value: issuers }]),
    onTokenWanted(give) {
      giveToken = give;
      return () => {
        if (giveToken === give) giveToken = undefined;
      };
    },
    onPlacesWanted(give) {
      givePlaces = give;
      return () => {
        if (givePlaces === give) givePlaces = undefined;
      };
    },
    onTypeSeen(listen) {
      typeListeners.add(listen);
      return () => void typeListeners.delete(listen);
    },
    status: async () => (await link.ask('status', null)) as readonly StreamStatus[],
    events: async (query) => (await link.ask('events', query)) as EventPage,
    event: async (stream, offset) => ((await link.ask('event', { stream, offset })) as EventStory | null) ?? undefined,
    replay: async (order) => (await link.ask('replay', order)) as string,
    replays: async () => (await link.ask('replays', null)) as readonly ReplayStatus[],
    redrive: async (order) => (await link.ask('redrive', order)) as RedriveResult,
    close: () => link.close(),
  };
}

/** A stream without its consumers, and each consumer by itself, as far as they differ. */
function difference(key: string, before: StreamRule | undefined, after: StreamRule | undefined): Change[] {
  const ids = new Set([...Object.keys(before?.consumers ?? {}), ...Object.keys(after?.consumers ?? {})]);
  const changes: Change[] = [];
  for (const id of ids) {
    const [old, now] = [before?.consumers[id], after?.consumers[id]];
    if (!isSame(old, now)) changes.push({ kind: 'consumer', key: JSON.stringify([key, id]), value: now });
  }
  const [old, now] = [headOf(before), headOf(after)];
  if (!isSame(old, now)) changes.push({ kind: 'stream', key, value: now });
  return changes;
}

function headOf(rule: StreamRule | undefined): StreamHead | undefined {
  if (!rule) return undefined;
  const { consumers: _, ...head } = rule;
  return head;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
