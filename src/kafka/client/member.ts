// A member of a consumer group on a real cluster. Two connections: joining and committing must not wait behind a fetch, which
// waits for records.

import { messageOf } from '#base/mod.ts';
import type { GroupHandlers, GroupMember, GroupOptions, KafkaAccess, Partition, Position } from '../kafka.ts';
import { KafkaError, partitionKey } from '../kafka.ts';
import type { FetchTopic, LibraryConsumer, LibraryMetadata } from './library.ts';
import { library } from './library.ts';
import { clientOptions } from './options.ts';
import { readBatches } from './records.ts';
import { hasError, kafkaError } from './troubles.ts';

/** Milliseconds. A member that sends no heartbeat for the session's timeout counts as gone. */
const TIMES = { sessionTimeout: 30_000, rebalanceTimeout: 60_000, heartbeatInterval: 3000 };
/** How long a broker may wait for records before it answers that there are none. */
const FETCH_WAIT_MS = 500;
const PARTITION_BYTES = 1024 * 1024;
const FETCH_BYTES = 8 * PARTITION_BYTES;
const EARLIEST = -2n;
const LATEST = -1n;

/** Joins a group by Kafka's classic protocol. */
export async function joinGroup(
  access: KafkaAccess,
  options: GroupOptions,
  handlers: GroupHandlers,
): Promise<GroupMember> {
  const { Consumer } = await library();
  const made = () => new Consumer({ ...clientOptions(access), ...TIMES, groupId: options.group });
  const member = new Member({ own: made(), reader: made() }, options, handlers);
  try {
    await member.join();
    return member;
  } catch (thrown) {
    await member.close().catch(() => undefined);
    throw kafkaError(thrown);
  }
}

class Member implements GroupMember {
  readonly #own: LibraryConsumer;
  readonly #reader: LibraryConsumer;
  readonly #options: GroupOptions;
  readonly #handlers: GroupHandlers;
  /** Brokers whose answer to a fetch is awaited. */
  readonly #asked = new Set<number>();
  #positions = new Map<string, Position>();
  #memberId: string | null = null;
  /** Goes up with each assignment, so that answers to earlier fetches are recognized and dropped. */
  #round = 0;
  #settling: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(
    { own, reader }: { readonly own: LibraryConsumer; readonly reader: LibraryConsumer },
    options: GroupOptions,
    handlers: GroupHandlers,
  ) {
    [this.#own, this.#reader, this.#options, this.#handlers] = [own, reader, options, handlers];
  }

  async join(): Promise<void> {
    const topics = [...this.#options.topics];
    for (const one of [this.#own, this.#reader]) {
      one.topics.trackAll(...topics);
      one.on('error', (error) => this.#end(error));
    }
    this.#own.on('consumer:group:join', () => this.#onJoin());
    await this.#own.joinGroup();
    await this.#settling;
    if (this.#isOver) throw new KafkaError('other', 'the membership ended as it began');
  }

  look(): void {
    this.#fetch().catch((thrown: unknown) => this.#end(thrown));
  }

  async commit(positions: readonly Position[]): Promise<void> {
    const offsets = positions.map(({ topic, partition, next }) => ({
      topic,
      partition,
      offset: BigInt(next),
      leaderEpoch: -1,
    }));
    try {
      await this.#own.commit({ offsets });
    } catch (thrown) {
      throw kafkaError(thrown);
    }
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all([this.#own.close(), this.#reader.close(true)]);
  }

  #onJoin(): void {
    this.#settling = this.#settling.then(() => this.#settle()).catch((thrown: unknown) => this.#end(thrown));
  }

  /** Runs after each rebalance. While the member's id is the same, nobody else had the partitions that it keeps. */
  async #settle(): Promise<void> {
    const round = ++this.#round;
    const assigned = (this.#own.assignments ?? []).flatMap(({ topic, partitions }) =>
      partitions.map((partition): Partition => ({ topic, partition })),
    );
    const before = this.#own.memberId === this.#memberId ? this.#positions : new Map<string, Position>();
    this.#memberId = this.#own.memberId;
    const kept = assigned.filter((one) => before.has(partitionKey(one)));
    const fresh = await this.#begin(assigned.filter((one) => !before.has(partitionKey(one))));
    if (this.#isOver || round !== this.#round) return;
    const all = [...kept.flatMap((one) => before.get(partitionKey(one)) ?? []), ...fresh];
    this.#positions = new Map(all.map((position) => [partitionKey(position), position]));
    this.#handlers.assigned(assigned, kept);
    this.look();
  }

  /** Where reading begins; what the group has no offset of is committed at once. */
  async #begin(partitions: readonly Partition[]): Promise<Position[]> {
    if (partitions.length === 0) return [];
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    const committed = await this.#own.listCommittedOffsets({
      topics: topics.map((topic) => ({
        topic,
        partitions: partitions.filter((one) => one.topic === topic).map(({ partition }) => partition),
      })),
    });
    const edges = await this.#own.listOffsets({
      topics,
      timestamp: this.#options.from === 'earliest' ? EARLIEST : LATEST,
    });
    const isKnown = ({ topic, partition }: Partition) => (committed.get(topic)?.[partition] ?? -1n) >= 0n;
    const positions = partitions.map((one): Position => {
      const offset = (isKnown(one) ? committed : edges).get(one.topic)?.[one.partition];
      if (offset === undefined) throw new KafkaError('no-topic', `there is no partition ${partitionKey(one)}`);
      return { ...one, next: Number(offset) };
    });
    const fresh = positions.filter((one) => !isKnown(one));
    if (fresh.length > 0) await this.commit(fresh);
    return positions;
  }

  /** Fetches from each broker the partitions that are wanted, unless its last answer is still awaited. */
  async #fetch(): Promise<void> {
    const metadata = await this.#reader.metadata({ topics: [...this.#options.topics] });
    for (const [node, positions] of this.#wantedByNode(metadata)) {
      if (this.#isOver || this.#asked.has(node)) continue;
      this.#asked.add(node);
      void this.#ask(node, positions, metadata);
    }
  }

  #wantedByNode(metadata: LibraryMetadata): Map<number, Position[]> {
    const byNode = new Map<number, Position[]>();
    for (const position of this.#positions.values()) {
      if (!this.#handlers.wants(position)) continue;
      const node = metadata.topics.get(position.topic)?.partitions[position.partition]?.leader;
      if (node === undefined) continue;
      byNode.set(node, [...(byNode.get(node) ?? []), position]);
    }
    return byNode;
  }

  async #ask(node: number, positions: readonly Position[], metadata: LibraryMetadata): Promise<void> {
    const round = this.#round;
    try {
      const response = await this.#reader.fetch({
        node,
        topics: positions.map((one) => fetchOf(one, metadata)),
        maxWaitTime: FETCH_WAIT_MS,
        minBytes: 1,
        maxBytes: FETCH_BYTES,
      });
      if (!this.#isOver && round === this.#round) {
        const names = new Map([...metadata.topics].map(([name, { id }]) => [id, name]));
        for (const { topicId, partitions } of response.responses)
          for (const { partitionIndex, records } of partitions)
            this.#take({ topic: names.get(topicId) ?? '', partition: partitionIndex }, records ?? []);
      }
    } catch (thrown) {
      if (this.#isOver) return;
      if (!hasError(thrown, 'OFFSET_OUT_OF_RANGE')) return this.#end(thrown);
      await this.#leap(positions).catch((error: unknown) => this.#end(error));
    } finally {
      this.#asked.delete(node);
    }
    if (!this.#isOver) this.look();
  }

  #take(partition: Partition, batches: Parameters<typeof readBatches>[2]): void {
    const position = this.#positions.get(partitionKey(partition));
    if (!position || batches.length === 0) return;
    const { records, next } = readBatches(partition, position.next, batches);
    this.#positions.set(partitionKey(partition), { ...position, next });
    if (records.length > 0) this.#handlers.records(records);
  }

  /** The next record to be read is gone from the log: goes on where a new group would begin. */
  async #leap(positions: readonly Position[]): Promise<void> {
    const topics = [...new Set(positions.map(({ topic }) => topic))];
    const first = await this.#own.listOffsets({ topics, timestamp: EARLIEST });
    const end = await this.#own.listOffsets({ topics, timestamp: LATEST });
    for (const { topic, partition, next } of positions) {
      const from = Number(first.get(topic)?.[partition] ?? 0n);
      const to = Number(end.get(topic)?.[partition] ?? 0n);
      if (next >= from && next <= to) continue;
      const there = this.#options.from === 'earliest' ? from : to;
      this.#positions.set(partitionKey({ topic, partition }), { topic, partition, next: there });
    }
  }

  #end(thrown: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    void Promise.allSettled([this.#own.close(true), this.#reader.close(true)]);
    const error = kafkaError(thrown);
    this.#handlers.ended(new KafkaError(error.trouble, messageOf(error), { cause: thrown }));
  }
}

function fetchOf({ topic, partition, next }: Position, { topics }: LibraryMetadata): FetchTopic {
  return {
    topicId: topics.get(topic)?.id ?? '',
    partitions: [
      {
        partition,
        fetchOffset: BigInt(next),
        partitionMaxBytes: PARTITION_BYTES,
        currentLeaderEpoch: -1,
        lastFetchedEpoch: -1,
      },
    ],
  };
}
