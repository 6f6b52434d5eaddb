// What the commands about events have in common on their command lines: where to look, and for which events.

import type { Command } from 'commander';
import { parseDuration } from '#base/mod.ts';
import type { SubscriptionsFilter } from '#kinds/mod.ts';
import { EVENT_STATES, parsePoint } from '#kinds/mod.ts';
import type { EventState } from '#kinds/mod.ts';
import { usage } from '../failure.ts';

export interface PlaceFlags {
  readonly namespace: string;
  readonly broker?: string;
  readonly channel?: string;
  readonly trigger?: string;
  readonly subscription?: string;
  readonly output?: string;
  readonly data?: string;
}

export interface EventFlags {
  readonly since?: string;
  readonly until?: string;
  readonly type?: string;
  readonly source?: string;
  readonly filter: readonly string[];
}

/** Adds the flags that say which Broker or channel is meant. */
export function withPlace(command: Command, formats = 'json or yaml'): Command {
  return command
    .option('--broker <name>', 'events that came to this Broker')
    .option('--channel <name>', 'events that came to this Channel or InMemoryChannel')
    .option('-n, --namespace <namespace>', 'namespace', 'default')
    .option('-o, --output <format>', formats)
    .option('--data <dir>', "the platform's data folder");
}

/** Adds the flags that say which consumer is meant. */
export function withConsumer(command: Command): Command {
  return command
    .option('--trigger <name>', 'only what concerns this Trigger')
    .option('--subscription <name>', 'only what concerns this Subscription');
}

/** Adds the flags that say which events are meant. */
export function withFilters(command: Command): Command {
  return command
    .option('--since <time>', 'from a time (2026-01-02T15:04:05Z), an age (10m) or offset:N on')
    .option('--until <time>', 'before a time, age or offset')
    .option('--type <type>', 'of this type; a * at the end matches any rest')
    .option('--source <source>', 'from this source; a * at the end matches any rest')
    .option('--filter <cesql>', 'for which a CESQL expression is true; may be repeated', gathered, []);
}

export const gathered = (one: string, all: readonly string[]): readonly string[] => [...all, one];

/** The same flags as the filters of a Trigger. */
export function filtersOf({ type, source, filter }: EventFlags): SubscriptionsFilter[] {
  return [
    ...(type === undefined ? [] : [attribute('type', type)]),
    ...(source === undefined ? [] : [attribute('source', source)]),
    ...filter.map((cesql) => ({ cesql })),
  ];
}

function attribute(name: string, text: string): SubscriptionsFilter {
  return text.endsWith('*') ? { prefix: { [name]: text.slice(0, -1) } } : { exact: { [name]: text } };
}

/** What is asked of the journal. */
export function spanOf(
  flags: EventFlags,
  now: number,
): { from?: string; until?: string; filters?: SubscriptionsFilter[] } {
  const filters = filtersOf(flags).filter((one) => !isEmpty(one));
  return {
    ...(flags.since === undefined ? {} : { from: pointOf('--since', flags.since, now) }),
    ...(flags.until === undefined ? {} : { until: pointOf('--until', flags.until, now) }),
    ...(filters.length > 0 ? { filters } : {}),
  };
}

/** A prefix of nothing is that of everything. */
const isEmpty = ({ prefix }: SubscriptionsFilter): boolean => Object.values(prefix ?? {}).some((text) => text === '');

function pointOf(flag: string, text: string, now: number): string {
  const ago = parseDuration(text);
  if (ago !== undefined && ago >= 0) return new Date(now - ago).toISOString();
  if (parsePoint(text)) return text;
  throw usage(
    `${flag} takes how long ago (10m), a time (2026-01-02T15:04:05Z) or offset:N, but ${JSON.stringify(text)} was given`,
  );
}

export function stateOf(text: string | undefined): EventState | undefined {
  const found = EVENT_STATES.find((state) => state === text);
  if (text === undefined || found) return found;
  throw usage(`--state must be one of ${EVENT_STATES.join(', ')}, but is ${JSON.stringify(text)}`);
}
