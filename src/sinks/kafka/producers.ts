// The producers of KafkaSinks: one for each, and a new one where a sink is told to go elsewhere.

import { equal } from '#base/mod.ts';
import type { Kafka, KafkaAccess, KafkaProducer } from '#kafka/mod.ts';

interface Kept {
  readonly access: KafkaAccess;
  readonly producer: KafkaProducer;
}

export class SinkProducers {
  readonly #kafka: Kafka;
  /** By sink. */
  readonly #kept = new Map<string, Kept>();

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  of(sink: string, access: KafkaAccess): KafkaProducer {
    const before = this.#kept.get(sink);
    if (before && equal(before.access, access)) return before.producer;
    if (before) void ended(before);
    const producer = this.#kafka.producer(access);
    this.#kept.set(sink, { access, producer });
    return producer;
  }

  /** Ends those of sinks that are there no more. */
  forgetOld(isThere: (sink: string) => boolean): void {
    for (const [sink, kept] of this.#kept) {
      if (isThere(sink)) continue;
      this.#kept.delete(sink);
      void ended(kept);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#kept.values()].map(ended));
  }
}

/** Its connections are over; how they ended concerns nobody any more. */
function ended({ producer }: Kept): Promise<void> {
  return producer.close().catch(() => undefined);
}
