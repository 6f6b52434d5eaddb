// kafka: Apache Kafka as Ebb needs it: a port, its client, a cluster in memory, and events as records.

export { kafkaClient } from './client/client.ts';
export { eventOfRecord, headerOf, recordOfEvent } from './cloudevents.ts';
export * from './kafka.ts';
export { memoryKafka } from './memory.ts';
export type { MemoryKafka } from './memory.ts';
