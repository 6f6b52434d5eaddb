// The control over a data plane of events in another process: both ends of the line. Of a stream only what changed is told.

import { messageOf } from '#base/mod.ts';
import type { ConnectOptions, LinkAttendant } from '#link/mod.ts';
import { attendLink, connectLink, LineLost, listenLink } from '#link/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { difference, put } from './assembly.ts';
import { NotNowError } from './deliver/ports.ts';
import type {
  EventPage,
  EventQuery,
  EventStory,
  RedriveOrder,
  RedriveResult,
  ReplayOrder,
  ReplayStatus,
} from './journal/words.ts';
import type { EventsControl, ServicePlaces, StreamRule, StreamStatus, TypeSeen, WantedService } from './control.ts';
import type { Tellable, ToldStreams } from './told-streams.ts';
import { ISSUERS, TRUST } from './told-streams.ts';

/** What a data plane does for a control process that may come and go. */
export type TellableEvents = EventsControl & Tellable;

/** Serves the control at the path, until closed. */
export async function serveEventsControl(
  socketPath: string,
  events: TellableEvents,
  streams: ToldStreams,
  log: Logger,
): Promise<{ close(): Promise<void> }> {
  const removeGone = () =>
    streams
      .removeGone(async (keys) => (await line.ask('gone', keys)) as readonly string[])
      .catch((error: unknown) => log.warn('streams that are no more were not let go', { error: messageOf(error) }));
  // It is there before anybody can connect: who comes at once and tells everything is asked at once.
  const line: LinkAttendant = attendLink({
    log,
    known: streams.known,
    async apply(changes, isAll) {
      await streams.apply(changes, isAll);
      if (isAll) void removeGone();
      return [];
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
  const listening = await listenLink(socketPath, line);
  const stops = [
    events.onTypeSeen((seen) => line.tell('type', seen)),
    events.onPlacesWanted(async (service) => (await answered(line.ask('places', service))) as ServicePlaces),
    events.onTokenWanted(
      async (identity, audience) => (await answered(line.ask('token', { identity, audience }))) as string,
    ),
  ];
  return {
    async close() {
      for (const stop of stops) stop();
      await listening.close();
    },
  };
}

/** Where there is nobody to ask, what needs the answer waits: it is no fault of a subscriber. */
async function answered(asking: Promise<unknown>): Promise<unknown> {
  try {
    return await asking;
  } catch (error) {
    throw error instanceof LineLost ? new NotNowError(error.message, { cause: error }) : error;
  }
}

export type ConnectEventsOptions = Pick<ConnectOptions, 'clock' | 'log' | 'allTold'>;

export interface LinkedEvents extends EventsControl {
  /** Who says which streams are of channels that are no more: the data process asks once it has been told everything. */
  onGoneAsked(tell: (keys: readonly string[]) => readonly string[]): void;
  /** Ends the line. The data process goes on with what it was told. */
  close(): Promise<void>;
}

/** Begins to connect, and goes on until closed. Changes resolve when the data process has them, however long that takes. */
export function connectEvents(socketPath: string, options: ConnectEventsOptions): LinkedEvents {
  const typeListeners = new Set<(seen: TypeSeen) => void>();
  let giveToken: ((identity: string, audience: string) => Promise<string>) | undefined;
  let givePlaces: ((service: WantedService) => Promise<ServicePlaces>) | undefined;
  let tellGone: (keys: readonly string[]) => readonly string[] = () => [];
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
      gone: async (keys) => tellGone(keys as readonly string[]),
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
    setTrust: (certificates) => link.change([{ kind: TRUST, key: '', value: certificates }]),
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
    onGoneAsked: (tell) => void (tellGone = tell),
    status: async () => (await link.ask('status', null)) as readonly StreamStatus[],
    events: async (query) => (await link.ask('events', query)) as EventPage,
    event: async (stream, offset) => ((await link.ask('event', { stream, offset })) as EventStory | null) ?? undefined,
    replay: async (order) => (await link.ask('replay', order)) as string,
    replays: async () => (await link.ask('replays', null)) as readonly ReplayStatus[],
    redrive: async (order) => (await link.ask('redrive', order)) as RedriveResult,
    close: () => link.close(),
  };
}
