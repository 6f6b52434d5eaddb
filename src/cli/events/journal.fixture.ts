// For tests: a journal in memory, which remembers what it was asked.

import type {
  EventStory,
  JournalEvent,
  JournalQuery,
  Redrive,
  RedriveStatus,
  Replay,
  ReplayStatus,
} from '#kinds/mod.ts';
import { journalType, parsePoint } from '#kinds/mod.ts';
import { ApiError, notFound } from '#machinery/mod.ts';
import type { EventJournal, JournalOwner } from '#objects/mod.ts';

/** Stories by owner, as `Broker shop`. A query is heeded as far as state, id, limit, order and offsets go. */
export class FakeJournal implements EventJournal {
  readonly stories = new Map<string, EventStory[]>();
  readonly asked: unknown[] = [];
  /** How a replay stands, look by look; the last stays. */
  runs: ReplayStatus[] = [];
  /** How often it cannot be asked about replays. */
  away = 0;
  redriven: RedriveStatus = { state: 'delivered', status: 202 };

  async events(of: JournalOwner, query: JournalQuery) {
    this.asked.push({ of: nameOf(of), ...query });
    const all = this.#of(of);
    const offset = (text: string | undefined, usual: number) => {
      const point = text === undefined ? undefined : parsePoint(text);
      return point && 'offset' in point ? point.offset : usual;
    };
    const [from, until] = [offset(query.from, 0), offset(query.until, Number.POSITIVE_INFINITY)];
    const ids = (query.filters ?? []).flatMap(({ exact }) => exact?.['id'] ?? []);
    const fitting = all
      .filter((event) => event.offset >= from && event.offset < until)
      .filter(({ attributes }) => ids.every((id) => attributes['id'] === id))
      .filter(({ fates }) => !query.state || fates.some(({ state }) => state === query.state));
    const { limit = 100 } = query;
    const page = query.newest ? fitting.slice(-limit) : fitting.slice(0, limit);
    const edge = query.newest ? page[0]?.offset : (page.at(-1)?.offset ?? 0) + 1;
    return {
      ...journalType('EventList'),
      journal: all[0]?.journal ?? false,
      events: page.map(rowOf),
      ...(page.length < fitting.length && edge !== undefined ? { next: edge } : {}),
    };
  }

  async event(of: JournalOwner, offset: number): Promise<EventStory> {
    const found = this.#of(of).find((one) => one.offset === offset);
    if (!found) throw notFound({ group: '', plural: 'events' }, String(offset));
    return found;
  }

  async replay(of: JournalOwner, order: Replay['spec']): Promise<ReplayStatus> {
    this.asked.push({ of: nameOf(of), ...order });
    return this.#run();
  }

  async replays(of: JournalOwner): Promise<readonly ReplayStatus[]> {
    if (this.away-- > 0) throw new ApiError(503, 'ServiceUnavailable', 'the data process is away');
    return this.runs.length === 0 || !this.stories.has(nameOf(of)) ? [] : [this.#run()];
  }

  async redrive(of: JournalOwner, order: Redrive['spec']): Promise<RedriveStatus> {
    this.asked.push({ of: nameOf(of), ...order });
    return this.redriven;
  }

  #of(of: JournalOwner): EventStory[] {
    const stories = this.stories.get(nameOf(of));
    if (!stories) throw notFound({ group: 'eventing.knative.dev', plural: 'brokers' }, of.name);
    return stories;
  }

  #run(): ReplayStatus {
    const [run] = this.runs;
    if (!run) throw new Error('the test has no replay');
    if (this.runs.length > 1) this.runs.shift();
    return run;
  }
}

const nameOf = ({ kind, name }: JournalOwner): string => `${kind} ${name}`;

const rowOf = ({ offset, time, attributes, bytes, fates }: EventStory): JournalEvent => ({
  offset,
  time,
  attributes,
  bytes,
  fates,
});
