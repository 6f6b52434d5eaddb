// The client that speaks Kafka's protocol, loaded only once something asks for Kafka: it takes most of a second and some megabytes.

/** What is used of it, as it is typed there. */
export interface Library {
  readonly Consumer: new (options: ClientOptions & { readonly groupId: string } & ConsumerTimes) => LibraryConsumer;
  readonly Producer: new (options: ClientOptions) => LibraryProducer;
  readonly Admin: new (options: ClientOptions) => LibraryAdmin;
}

export interface ClientOptions {
  readonly clientId: string;
  readonly bootstrapBrokers: string[];
  readonly connectTimeout: number;
  readonly requestTimeout: number;
  readonly timeout: number;
  readonly retries: number;
  readonly retryDelay: number;
  readonly sasl?: { readonly mechanism: string; readonly username: string; readonly password: string };
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

interface ConsumerTimes {
  readonly sessionTimeout: number;
  readonly rebalanceTimeout: number;
  readonly heartbeatInterval: number;
}

interface Client {
  metadata(options: { readonly topics: string[]; readonly forceUpdate?: boolean }): Promise<LibraryMetadata>;
  on(event: string, listener: (payload: unknown) => void): unknown;
}

export interface LibraryMetadata {
  readonly controllerId: number;
  readonly brokers: ReadonlyMap<number, { readonly host: string; readonly port: number }>;
  readonly topics: ReadonlyMap<
    string,
    {
      readonly id: string;
      readonly partitionsCount: number;
      readonly partitions: readonly { readonly leader: number }[];
    }
  >;
}

export interface Assignment {
  readonly topic: string;
  readonly partitions: number[];
}

/** By topic the offset of each partition, at its place; -1 where there is none. */
export type Offsets = ReadonlyMap<string, readonly bigint[]>;

export interface LibraryConsumer extends Client {
  close(force?: boolean): Promise<void>;
  readonly memberId: string | null;
  readonly assignments: readonly Assignment[] | null;
  readonly topics: { trackAll(...topics: string[]): unknown };
  joinGroup(): Promise<string>;
  listCommittedOffsets(options: { readonly topics: readonly Assignment[] }): Promise<Offsets>;
  listOffsets(options: { readonly topics: string[]; readonly timestamp: bigint }): Promise<Offsets>;
  commit(options: {
    readonly offsets: readonly {
      readonly topic: string;
      readonly partition: number;
      readonly offset: bigint;
      readonly leaderEpoch: number;
    }[];
  }): Promise<void>;
  fetch(options: {
    readonly node: number;
    readonly topics: readonly FetchTopic[];
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
  }): Promise<FetchResponse>;
}

export interface FetchTopic {
  readonly topicId: string;
  readonly partitions: {
    readonly partition: number;
    readonly fetchOffset: bigint;
    readonly partitionMaxBytes: number;
    readonly currentLeaderEpoch: number;
    readonly lastFetchedEpoch: number;
  }[];
}

export interface FetchResponse {
  readonly responses: readonly {
    readonly topicId: string;
    readonly partitions: readonly FetchedPartition[];
  }[];
}

export interface FetchedPartition {
  readonly partitionIndex: number;
  readonly records?: readonly LibraryBatch[] | null;
}

export interface LibraryBatch {
  readonly firstOffset: bigint;
  readonly lastOffsetDelta: number;
  readonly firstTimestamp: bigint;
  readonly attributes: number;
  readonly records: readonly {
    readonly offsetDelta: number;
    readonly timestampDelta: bigint;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: readonly (readonly [Buffer | null, Buffer | null])[];
  }[];
}

export interface LibraryProducer extends Client {
  close(force?: boolean): Promise<void>;
  send(options: {
    readonly acks: number;
    readonly messages: readonly {
      readonly topic: string;
      readonly key?: Buffer;
      readonly value?: Buffer;
      readonly headers: ReadonlyMap<Buffer, Buffer>;
    }[];
  }): Promise<unknown>;
}

export interface LibraryAdmin extends Client {
  close(): Promise<void>;
  createTopics(options: {
    readonly topics: readonly string[];
    readonly partitions: number;
    readonly replicas: number;
  }): Promise<unknown>;
}

/** Named apart, so that nothing loads it before it is asked for. */
const LIBRARY = '@platformatic/kafka';
let loading: Promise<Library> | undefined;

/** Loads it, once; where that failed, it is tried again when it is asked for again. */
export function library(): Promise<Library> {
  loading ??= (import(LIBRARY) as Promise<Library>).catch((thrown: unknown) => {
    loading = undefined;
    throw thrown;
  });
  return loading;
}
