// Kafka by its protocol: the port's home on a real cluster.

import { clientOptions } from './options.ts';
import type { Kafka, KafkaAccess, KafkaProducer, NewRecord, NewTopic } from '../kafka.ts';
import type { LibraryAdmin, LibraryProducer } from './library.ts';
import { library } from './library.ts';
import { joinGroup } from './member.ts';
import { hasError, kafkaError } from './troubles.ts';

/** Every replica that is in sync has it. */
const ALL = -1;

export const kafkaClient: Kafka = {
  partitionsOf: (access, topics) =>
    asAdmin(access, async (admin) => {
      const found = new Map<string, number>();
      // One by one, for one that is not there fails all.
      for (const topic of topics) {
        const count = await partitionsOf(admin, topic);
        if (count > 0) found.set(topic, count);
      }
      return found;
    }),
  async createTopic(access, topic) {
    // Older clusters make topics at their controller alone.
    const servers = await asAdmin(access, controllerOf);
    await asAdmin({ ...access, servers }, (admin) => createTopic(admin, topic));
  },
  join: joinGroup,
  producer: (access) => new Producer(access),
};

async function asAdmin<T>(access: KafkaAccess, run: (admin: LibraryAdmin) => Promise<T>): Promise<T> {
  const { Admin } = await library();
  const admin = new Admin(clientOptions(access));
  try {
    return await run(admin);
  } catch (thrown) {
    throw kafkaError(thrown);
  } finally {
    await admin.close().catch(() => undefined);
  }
}

async function controllerOf(admin: LibraryAdmin): Promise<readonly string[]> {
  const { brokers, controllerId } = await admin.metadata({ topics: [], forceUpdate: true });
  const controller = brokers.get(controllerId);
  return [...(controller ? [controller] : brokers.values())].map(({ host, port }) => `${host}:${port}`);
}

async function createTopic(admin: LibraryAdmin, { topic, partitions, replicationFactor }: NewTopic): Promise<void> {
  try {
    await admin.createTopics({ topics: [topic], partitions, replicas: replicationFactor });
  } catch (thrown) {
    if (!hasError(thrown, 'TOPIC_ALREADY_EXISTS')) throw thrown;
  }
}

async function partitionsOf(admin: LibraryAdmin, topic: string): Promise<number> {
  try {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
    return topics.get(topic)?.partitionsCount ?? 0;
  } catch (thrown) {
    if (kafkaError(thrown).trouble === 'no-topic') return 0;
    throw thrown;
  }
}

class Producer implements KafkaProducer {
  readonly #access: KafkaAccess;
  #made: Promise<LibraryProducer> | undefined;

  constructor(access: KafkaAccess) {
    this.#access = access;
  }

  async send(records: readonly NewRecord[]): Promise<void> {
    try {
      this.#made ??= this.#make().catch((thrown: unknown) => {
        this.#made = undefined;
        throw thrown;
      });
      const producer = await this.#made;
      await producer.send({ acks: ALL, messages: records.map(messageOf) });
    } catch (thrown) {
      throw kafkaError(thrown);
    }
  }

  async close(): Promise<void> {
    await (await this.#made?.catch(() => undefined))?.close(true);
  }

  async #make(): Promise<LibraryProducer> {
    const { Producer: Made } = await library();
    return new Made(clientOptions(this.#access));
  }
}

function messageOf({ topic, key, value, headers }: NewRecord) {
  return {
    topic,
    ...(key ? { key: Buffer.from(key) } : {}),
    ...(value ? { value: Buffer.from(value) } : {}),
    headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
  };
}
