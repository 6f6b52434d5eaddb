// A cluster of Kafka in memory, for tests: topics, groups that share their partitions out, offsets, and troubles at will.

import type {
  GroupHandlers,
  GroupMember,
  GroupOptions,
  Kafka,
  KafkaRecord,
  NewRecord,
  Partition,
  Position,
} from './kafka.ts';
import { KafkaError, partitionKey } from './kafka.ts';

export interface MemoryKafka extends Kafka {
  /** While set, nothing answers, and members lose their membership. */
  setDown(down: boolean): void;
  /** The committed offsets of a group, by `topic/partition`. */
  committed(group: string): ReadonlyMap<string, number>;
  /** The records of a partition. */
  recordsOf(topic: string, partition: number): readonly KafkaRecord[];
}

interface Options {
  /** Wall time of records. */
  readonly now: () => number;
  /** Runs something a little later, as what comes over a wire does. */
  readonly later: (run: () => void) => void;
  /** Records longer than this are refused. */
  readonly maxBytes?: number;
}

interface Group {
  readonly offsets: Map<string, number>;
  readonly members: Member[];
}

interface Member {
  readonly options: GroupOptions;
  readonly handlers: GroupHandlers;
  /** By partition the offset that is read next. */
  readonly positions: Map<string, Position>;
}

export function memoryKafka({ now, later, maxBytes = 1_000_000 }: Options): MemoryKafka {
  const topics = new Map<string, KafkaRecord[][]>();
  const groups = new Map<string, Group>();
  let isDown = false;
  let turn = 0;

  const check = (): void => {
    if (isDown) throw new KafkaError('unreachable', 'no broker answers');
  };
  const logOf = ({ topic, partition }: Partition): KafkaRecord[] => topics.get(topic)?.[partition] ?? [];
  const groupOf = (name: string): Group => {
    const group = groups.get(name) ?? { offsets: new Map<string, number>(), members: [] };
    groups.set(name, group);
    return group;
  };

  function share(group: Group): void {
    for (const [index, member] of group.members.entries()) {
      const all = member.options.topics.flatMap((topic) =>
        (topics.get(topic) ?? []).map((_, partition): Partition => ({ topic, partition })),
      );
      const own = all.filter(({ partition }) => partition % group.members.length === index);
      const kept = own.filter((one) => member.positions.has(partitionKey(one)));
      const before = new Map(member.positions);
      member.positions.clear();
      for (const one of own)
        member.positions.set(partitionKey(one), before.get(partitionKey(one)) ?? begin(group, member, one));
      member.handlers.assigned(own, kept);
      later(() => feed(member));
    }
  }

  function begin({ offsets }: Group, { options }: Member, place: Partition): Position {
    const next = offsets.get(partitionKey(place)) ?? (options.from === 'latest' ? logOf(place).length : 0);
    offsets.set(partitionKey(place), next);
    return { ...place, next };
  }

  /** What lies there and is wanted. */
  function feed(member: Member): void {
    if (isDown) return;
    for (const position of member.positions.values()) {
      const records = logOf(position).slice(position.next, position.next + 10);
      if (records.length === 0 || !member.handlers.wants(position)) continue;
      member.positions.set(partitionKey(position), { ...position, next: position.next + records.length });
      member.handlers.records(records);
      later(() => feed(member));
    }
  }

  function leave(group: Group, member: Member): void {
    const at = group.members.indexOf(member);
    if (at < 0) return;
    group.members.splice(at, 1);
    member.positions.clear();
    share(group);
  }

  function write({ topic, key, value, headers }: NewRecord): void {
    const partitions = topics.get(topic) ?? [];
    const partition = key
      ? key.reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7) % partitions.length
      : turn++ % partitions.length;
    const log = logOf({ topic, partition });
    log.push({ topic, partition, offset: log.length, timestamp: now(), key, value, headers });
  }

  return {
    setDown(down) {
      isDown = down;
      if (!down) return;
      for (const group of groups.values())
        for (const { handlers } of group.members.splice(0))
          handlers.ended(new KafkaError('unreachable', 'the connection was lost'));
    },
    committed: (group) => groups.get(group)?.offsets ?? new Map(),
    recordsOf: (topic, partition) => logOf({ topic, partition }),
    async partitionsOf(_access, wanted) {
      check();
      return new Map(
        wanted.flatMap((topic) => {
          const found = topics.get(topic);
          return found ? [[topic, found.length] as const] : [];
        }),
      );
    },
    async createTopic(_access, { topic, partitions }) {
      check();
      if (!topics.has(topic))
        topics.set(
          topic,
          Array.from({ length: partitions }, () => []),
        );
    },
    async join(_access, options, handlers) {
      check();
      for (const topic of options.topics)
        if (!topics.has(topic)) throw new KafkaError('no-topic', `there is no topic ${topic}`);
      const group = groupOf(options.group);
      const member: Member = { options, handlers, positions: new Map() };
      group.members.push(member);
      share(group);
      return memberOf(group, member);
    },
    producer: () => ({
      async send(records) {
        check();
        for (const { topic, value } of records) {
          if (!topics.has(topic)) throw new KafkaError('no-topic', `there is no topic ${topic}`);
          if ((value?.length ?? 0) > maxBytes) throw new KafkaError('too-large', `a record may have ${maxBytes} bytes`);
        }
        for (const record of records) write(record);
        for (const { members } of groups.values()) for (const member of members) later(() => feed(member));
      },
      close: async () => undefined,
    }),
  };

  function memberOf(group: Group, member: Member): GroupMember {
    return {
      look: () => later(() => feed(member)),
      async commit(positions) {
        check();
        if (!group.members.includes(member)) throw new KafkaError('other', 'this is no member any more');
        for (const { next, ...place } of positions) group.offsets.set(partitionKey(place), next);
      },
      async close() {
        leave(group, member);
      },
    };
  }
}
