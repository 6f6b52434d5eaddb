// Sends the events of PingSources. A tick is first marked in the status of its source, which is on disk before it is sent: so it is
// sent once, whatever happens to the platform in between.

import type { Clock, Random } from '#base/mod.ts';
import { parseCron, timeZone, watchJumps } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, settleIdentity } from '#engine/mod.ts';
import {
  CATCH_UP_ANNOTATION,
  eventingFeaturesConfig,
  PING_EVENT_TYPE,
  PingSource,
  ServiceAccount,
} from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import type { Outbox } from '../outbox.ts';
import type { SinkAddress, SinkResolver } from '../sinks.ts';
import { settleSink, watchSinks } from '../sinks.ts';
import { pingEvent, pingSourceUri } from './event.ts';
import type { TickPlan } from './ticks.ts';
import { planTicks } from './ticks.ts';

/** In the status of a PingSource: up to when its ticks are dealt with. */
export const LAST_TICK = 'ebb.dev/last-tick';
/** Ticks are spread over this, so that not all sources send at once. */
const JITTER_MS = 500;

type PingTurn = Turn<PingSource>;

export interface PingPorts {
  readonly sinks: SinkResolver;
  readonly outbox: Pick<Outbox, 'post'>;
  readonly clock: Clock;
  readonly random: Random;
}

/** Ticks that are marked, but whose mark is not known to be on disk. */
interface Waiting {
  readonly uid: string;
  readonly ticks: readonly number[];
}

export function pingSourceController(ports: PingPorts): ControllerDefinition<PingSource> {
  const { sinks, clock } = ports;
  const waiting = new Map<ObjectKey, Waiting>();
  return defineController<PingSource>({
    name: 'ping-source-controller',
    of: PingSource,
    owns: [ServiceAccount],
    ...watchSinks(PingSource, sinks),
    configs: [eventingFeaturesConfig],
    async reconcile(turn) {
      const { object, status, mark } = turn;
      const address = settleSink(turn, sinks);
      const identity = (await settleIdentity(turn)) || undefined;
      status.ceAttributes = [{ type: PING_EVENT_TYPE, source: pingSourceUri(object) }];
      const marked = markOf(object);
      if (address) sendMarked(turn, { address, identity, marked }, waiting, ports);
      const plan = planOf(object, turn.now, marked);
      if ('fault' in plan) {
        mark.false('Deployed', 'ScheduleInvalid', plan.fault);
        return;
      }
      mark.true('Deployed');
      if (plan.nextMs !== undefined) turn.again(plan.nextMs);
      // What nobody could be told of stays due, and is missed later.
      if (!address && marked !== undefined) return;
      status.annotations = { ...status.annotations, [LAST_TICK]: new Date(plan.mark).toISOString() };
      if (plan.due.length > 0) note(waiting, turn, plan.due);
    },
    forget: (key) => void waiting.delete(key),
    listen: (poke, reader) =>
      watchJumps(clock, () => {
        for (const source of reader.list(PingSource)) poke(keyOf(source));
      }),
  });
}

/** Up to when ticks are dealt with, by what is on disk; undefined for a schedule that is new. */
function markOf({ metadata, status }: PingSource): number | undefined {
  if (status?.observedGeneration !== metadata.generation) return undefined;
  const time = Date.parse(status?.annotations?.[LAST_TICK] ?? '');
  return Number.isNaN(time) ? undefined : time;
}

function planOf(source: PingSource, now: number, mark: number | undefined): TickPlan | { readonly fault: string } {
  const { schedule = '', timezone = '' } = source.spec;
  const parsed = parseCron(schedule, { seconds: true });
  if ('fault' in parsed) return parsed;
  const zone = timeZone(timezone);
  if (!zone) return { fault: `unknown time zone ${timezone}` };
  const catchUp = source.metadata.annotations?.[CATCH_UP_ANNOTATION] === 'latest';
  return planTicks({ schedule: parsed.schedule, zone, mark, now, catchUp });
}

function note(waiting: Map<ObjectKey, Waiting>, { key, object }: PingTurn, due: readonly number[]): void {
  const { uid = '' } = object.metadata;
  const before = waiting.get(key);
  const ticks = new Set([...(before?.uid === uid ? before.ticks : []), ...due]);
  waiting.set(key, { uid, ticks: [...ticks].sort((a, b) => a - b) });
}

interface Ready {
  readonly address: SinkAddress;
  readonly identity: string | undefined;
  readonly marked: number | undefined;
}

/** Sends the ticks whose mark is on disk. */
function sendMarked(
  { key, object, now }: PingTurn,
  { address, identity, marked }: Ready,
  waiting: Map<ObjectKey, Waiting>,
  { outbox, random }: PingPorts,
): void {
  const held = waiting.get(key);
  if (!held || (marked === undefined && held.uid === object.metadata.uid)) return;
  waiting.delete(key);
  if (held.uid !== object.metadata.uid) return;
  const later = held.ticks.filter((tick) => tick > (marked ?? 0));
  if (later.length > 0) waiting.set(key, { ...held, ticks: later });
  for (const tick of held.ticks.filter((one) => one <= (marked ?? 0)))
    void outbox.post({
      event: pingEvent(object, tick, now),
      to: address,
      namespace: object.metadata.namespace ?? '',
      identity,
      delayMs: Math.floor(random.next() * JITTER_MS),
    });
}
