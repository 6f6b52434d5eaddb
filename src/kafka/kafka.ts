// What Ebb asks of Apache Kafka, in plain words: members of consumer groups, producers, topics. It knows no API objects.

/** How a cluster is reached, and as whom. */
export interface KafkaAccess {
  /** Brokers to begin with, as host:port. */
  readonly servers: readonly string[];
  readonly sasl?: {
    readonly mechanism: SaslMechanism;
    readonly username: string;
    readonly password: string;
  };
  /** PEM texts. Without `ca` the system's authorities are trusted. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** A partition of a topic. */
export interface Partition {
  readonly topic: string;
  readonly partition: number;
}

/** The next record to be read of a partition: what a commit says. */
export interface Position extends Partition {
  readonly next: number;
}

/** Names and values of headers, which may come more than once. */
export type RecordHeaders = readonly (readonly [string, Uint8Array])[];

export interface KafkaRecord extends Partition {
  readonly offset: number;
  /** Wall time in milliseconds. */
  readonly timestamp: number;
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array | undefined;
  readonly headers: RecordHeaders;
}

/** A record to be written. One with a key goes where all of that key go. */
export interface NewRecord {
  readonly topic: string;
  readonly key?: Uint8Array | undefined;
  readonly value: Uint8Array | undefined;
  readonly headers: RecordHeaders;
}

export interface GroupOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Where the group begins in a partition that it has no offset of. */
  readonly from: 'earliest' | 'latest';
}

/** What a member of a group hears. */
export interface GroupHandlers {
  /**
   * All that the member has from now on. Of those in `kept` reading goes on; all others begin at their committed offset, and
   * what the member had beside them is another's.
   */
  assigned(partitions: readonly Partition[], kept: readonly Partition[]): void;
  /** Each partition's records come in the order of their offsets. */
  records(records: readonly KafkaRecord[]): void;
  /** Whether more of a partition may come at the moment. */
  wants(partition: Partition): boolean;
  /** The membership has ended by itself; nothing more comes. */
  ended(why: Error): void;
}

export interface GroupMember {
  /** Something may be wanted that was not. */
  look(): void;
  /** The group is done with all that lies before these. */
  commit(positions: readonly Position[]): Promise<void>;
  /** Leaves the group, so that others take over at once. */
  close(): Promise<void>;
}

export interface KafkaProducer {
  /** Resolves once every replica that is in sync has all of them. */
  send(records: readonly NewRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
}

/** A cluster's client. What goes wrong is a KafkaError. */
export interface Kafka {
  /** How many partitions each topic has; topics that are not there are left out. */
  partitionsOf(access: KafkaAccess, topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Makes a topic; one that is there stays as it is. */
  createTopic(access: KafkaAccess, topic: NewTopic): Promise<void>;
  /**
   * Joins a group. Where it has no offset of a partition yet, the one that it begins at is committed at once, so that a group
   * that begins at the latest misses nothing while nobody of it is there.
   */
  join(access: KafkaAccess, options: GroupOptions, handlers: GroupHandlers): Promise<GroupMember>;
  producer(access: KafkaAccess): KafkaProducer;
}

/** Why something failed, as far as what follows from it differs. */
export type KafkaTrouble = 'unreachable' | 'not-let-in' | 'no-topic' | 'too-large' | 'other';

export class KafkaError extends Error {
  override readonly name = 'KafkaError';
  readonly trouble: KafkaTrouble;

  constructor(trouble: KafkaTrouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.trouble = trouble;
  }
}

/** A partition in a word. */
export const partitionKey = ({ topic, partition }: Partition): string => `${topic}/${partition}`;
