// What every home of the Kafka port owes sources and sinks.

import { expect } from 'vitest';
import type { GroupHandlers, GroupMember, Kafka, KafkaAccess, KafkaRecord, NewRecord, Partition } from '#kafka/mod.ts';
import { partitionKey } from '#kafka/mod.ts';
import type { Exceptions } from './promises.ts';
import { promises } from './promises.ts';

export interface KafkaPlace {
  readonly kafka: Kafka;
  readonly access: KafkaAccess;
  /** Makes names of topics and groups this place's own. */
  readonly prefix: string;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);

/** Notes what a member hears, and tells when something has come about. */
export class Listener implements GroupHandlers {
  readonly records_: KafkaRecord[] = [];
  readonly held = new Set<string>();
  own: readonly Partition[] = [];
  kept: readonly Partition[] = [];
  why: Error | undefined;
  #waiting: readonly { readonly is: () => boolean; readonly done: () => void }[] = [];

  assigned = (partitions: readonly Partition[], kept: readonly Partition[]): void => {
    this.own = partitions;
    this.kept = kept;
    this.#look();
  };
  records = (records: readonly KafkaRecord[]): void => {
    this.records_.push(...records);
    this.#look();
  };
  wants = (partition: Partition): boolean => !this.held.has(partitionKey(partition));
  ended = (why: Error): void => {
    this.why = why;
    this.#look();
  };

  get texts(): (string | undefined)[] {
    return this.records_.map(({ value }) => text(value));
  }

  until(is: () => boolean): Promise<void> {
    return new Promise((done) => {
      this.#waiting = [...this.#waiting, { is, done }];
      this.#look();
    });
  }

  #look(): void {
    const come = this.#waiting.filter(({ is }) => is());
    this.#waiting = this.#waiting.filter((one) => !come.includes(one));
    for (const { done } of come) done();
  }
}

/** `place` begins a place with no topics of its prefix. */
export function kafkaContract(place: () => KafkaPlace | Promise<KafkaPlace>, exceptions: Exceptions = {}): void {
  const promise = promises(exceptions);

  async function at(partitions = 1) {
    const { kafka, access, prefix } = await place();
    const topic = `${prefix}-topic`;
    await kafka.createTopic(access, { topic, partitions, replicationFactor: 1 });
    const producer = kafka.producer(access);
    const record = (value: string, key?: string): NewRecord => ({
      topic,
      ...(key === undefined ? {} : { key: bytes(key) }),
      value: bytes(value),
      headers: [],
    });
    return {
      kafka,
      access,
      topic,
      send: (...values: string[]) => producer.send(values.map((value) => record(value))),
      sendKeyed: (...pairs: [string, string][]) => producer.send(pairs.map(([key, value]) => record(value, key))),
      producer,
      join: (listener: GroupHandlers, from: 'earliest' | 'latest' = 'earliest', group = 'group') =>
        kafka.join(access, { group: `${prefix}-${group}`, topics: [topic], from }, listener),
    };
  }

  promise('topics are made once, and those that are not there are left out', async () => {
    const { kafka, access, topic } = await at(3);
    await kafka.createTopic(access, { topic, partitions: 5, replicationFactor: 1 });
    expect(await kafka.partitionsOf(access, [topic, `${topic}-none`])).toEqual(new Map([[topic, 3]]));
  });

  promise('records come as they were written, in their order', async () => {
    const { join, producer, topic, send } = await at();
    const binary = new Uint8Array([0, 255, 128]);
    const before = Date.now() - 60_000;
    await producer.send([
      {
        topic,
        key: bytes('k'),
        value: binary,
        headers: [
          ['ce_type', bytes('ü')],
          ['empty', bytes('')],
        ],
      },
      { topic, value: undefined, headers: [] },
    ]);
    await send('a', 'b');
    await send('c');
    const heard = new Listener();
    const member = await join(heard);
    await heard.until(() => heard.records_.length === 5);
    expect(heard.records_.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4]);
    const [first, second] = heard.records_;
    expect(first).toMatchObject({ topic, partition: 0 });
    expect([...(first?.value ?? [])]).toEqual([0, 255, 128]);
    expect(text(first?.key)).toBe('k');
    expect(first?.headers.map(([name, value]) => [name, text(value)])).toEqual([
      ['ce_type', 'ü'],
      ['empty', ''],
    ]);
    expect(first?.timestamp).toBeGreaterThan(before);
    expect([second?.key, second?.value, second?.headers]).toEqual([undefined, undefined, []]);
    expect(heard.texts.slice(2)).toEqual(['a', 'b', 'c']);
    await member.close();
  });

  promise('what has one key lies in one partition, in its order', async () => {
    const { join, sendKeyed } = await at(4);
    await sendKeyed(...Array.from({ length: 40 }, (_, n): [string, string] => [`k${n % 5}`, String(n)]));
    const heard = new Listener();
    const member = await join(heard);
    await heard.until(() => heard.records_.length === 40);
    const byKey = Map.groupBy(heard.records_, ({ key }) => text(key));
    for (const records of byKey.values()) {
      expect(new Set(records.map(({ partition }) => partition)).size).toBe(1);
      const numbers = records.map(({ value }) => Number(text(value)));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
    expect(byKey.size).toBe(5);
    await member.close();
  });

  promise('a group goes on behind what it has committed, and what it has not comes again', async () => {
    const { join, send, topic } = await at();
    await send('a', 'b', 'c');
    const first = new Listener();
    const member = await join(first);
    await first.until(() => first.records_.length === 3);
    await member.commit([{ topic, partition: 0, next: 2 }]);
    await member.close();
    const second = new Listener();
    const next = await join(second);
    await second.until(() => second.records_.length === 1);
    expect(second.texts).toEqual(['c']);
    await next.close();
  });

  promise('a group that begins at the latest misses nothing from then on, also while it is not there', async () => {
    const { join, send } = await at();
    await send('before');
    const first = new Listener();
    const member = await join(first, 'latest');
    await first.until(() => first.own.length === 1);
    await member.close();
    await send('meanwhile');
    const second = new Listener();
    const next = await join(second, 'latest');
    await second.until(() => second.records_.length === 1);
    expect(second.texts).toEqual(['meanwhile']);
    await next.close();
  });

  promise('each group has everything', async () => {
    const { join, send } = await at();
    await send('a');
    const both = [new Listener(), new Listener()];
    const members: GroupMember[] = [];
    for (const [n, heard] of both.entries()) members.push(await join(heard, 'earliest', `group-${n}`));
    for (const heard of both) await heard.until(() => heard.records_.length === 1);
    for (const member of members) await member.close();
  });

  promise('members share the partitions out, and who stays takes over what the other had', async () => {
    const { join, send } = await at(4);
    const [first, second] = [new Listener(), new Listener()];
    const a = await join(first);
    await first.until(() => first.own.length === 4);
    const b = await join(second);
    await Promise.all([first.until(() => first.own.length === 2), second.until(() => second.own.length === 2)]);
    const own = (heard: Listener) => heard.own.map(partitionKey);
    expect(new Set([...own(first), ...own(second)]).size).toBe(4);
    expect(first.kept.map(partitionKey)).toEqual(own(first));
    await b.close();
    await first.until(() => first.own.length === 4);
    await send('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    await first.until(() => first.records_.length === 8);
    await a.close();
  });

  promise('of a partition that is not wanted nothing comes, and others do not wait for it', async () => {
    const { join, send } = await at(2);
    const heard = new Listener();
    const member = await join(heard);
    await heard.until(() => heard.own.length === 2);
    const [held, free] = heard.own.map(partitionKey);
    if (!held || !free) throw new Error('there are two partitions');
    heard.held.add(held);
    await send('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    const of = (key: string) => heard.records_.filter((record) => partitionKey(record) === key);
    await heard.until(() => of(free).length > 0);
    const before = of(held).length;
    await send('i', 'j', 'k', 'l', 'm', 'n', 'o', 'p');
    await heard.until(() => heard.records_.length - of(held).length > 4);
    expect(of(held).length).toBeLessThanOrEqual(Math.max(before, 8));
    heard.held.clear();
    member.look();
    await heard.until(() => heard.records_.length === 16);
    await member.close();
  });

  promise('a topic that is not there is told', async () => {
    const { kafka, access, topic, producer } = await at();
    const heard = new Listener();
    const options = { group: 'g', topics: [`${topic}-none`], from: 'latest' } as const;
    await expect(kafka.join(access, options, heard)).rejects.toMatchObject({ trouble: 'no-topic' });
    const record = { topic: `${topic}-none`, value: bytes('a'), headers: [] };
    await expect(producer.send([record])).rejects.toMatchObject({ trouble: 'no-topic' });
  });

  promise('a record that is too large is told, and the next is written', async () => {
    const { join, send } = await at();
    await expect(send('x'.repeat(3_000_000))).rejects.toMatchObject({ trouble: 'too-large' });
    await send('small');
    const heard = new Listener();
    const member = await join(heard);
    await heard.until(() => heard.records_.length === 1);
    expect(heard.texts).toEqual(['small']);
    await member.close();
  });
}
