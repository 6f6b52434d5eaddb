// JetStream's API: questions in JSON, answers in JSON, and the errors that mean something here.

import { LogFullError } from '../log.ts';
import type { NatsConnection } from './connection.ts';
import type { NatsMessage } from './protocol.ts';

interface ApiError {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** JetStream refused. `code` is as in HTTP; `errorCode` says it exactly. */
export class JetStreamError extends Error {
  override readonly name = 'JetStreamError';
  readonly code: number;
  readonly errorCode: number | undefined;

  constructor(what: string, { code, err_code, description }: ApiError) {
    super(`JetStream refused ${what}: ${description ?? 'without a reason'} (${err_code ?? code})`);
    this.code = code;
    this.errorCode = err_code;
  }
}

export const NO_STREAM = 10059;
export const NO_MESSAGE = 10037;
/** No room on the server, for this account, or for what it may keep in files. */
const FULL_SERVER = new Set([10002, 10023, 10028, 10047]);

export interface StreamInfo {
  readonly created: string;
  readonly config: StreamConfig;
  readonly state: {
    readonly first_seq: number;
    readonly last_seq: number;
    readonly messages: number;
    readonly bytes: number;
  };
}

export interface StreamConfig {
  readonly name: string;
  readonly description?: string;
  readonly subjects: readonly string[];
  readonly storage: 'file';
  readonly retention: 'limits';
  readonly discard: 'new' | 'old';
  readonly num_replicas: number;
  readonly max_bytes: number;
  readonly max_msgs_per_subject: number;
  readonly allow_direct: boolean;
}

export class JetStreamApi {
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** Publishes into a stream; resolves with the sequence number once the server says that it has it. */
  async publish(
    subject: string,
    payload: Uint8Array,
    headers: readonly (readonly [string, string])[],
  ): Promise<number> {
    const answer = await this.#connection.ask(subject, payload, headers);
    const { seq } = answered<{ readonly seq: number }>(answer, `a record at ${subject}`);
    return seq;
  }

  async create(config: StreamConfig): Promise<StreamInfo> {
    return this.#call(`STREAM.CREATE.${config.name}`, config);
  }

  async update(config: StreamConfig): Promise<StreamInfo> {
    return this.#call(`STREAM.UPDATE.${config.name}`, config);
  }

  /** Undefined where there is no such stream. */
  async info(name: string): Promise<StreamInfo | undefined> {
    return this.#call<StreamInfo>(`STREAM.INFO.${name}`, undefined).catch(ifNotThere(NO_STREAM));
  }

  async remove(name: string): Promise<void> {
    await this.#call(`STREAM.DELETE.${name}`, undefined).catch(ifNotThere(NO_STREAM));
  }

  /** Forgets the messages before a sequence number, or those of a subject. */
  async purge(name: string, what: { readonly seq: number } | { readonly filter: string }): Promise<void> {
    await this.#call(`STREAM.PURGE.${name}`, what);
  }

  /** Every stream below a subject. */
  async list(subject: string): Promise<readonly StreamInfo[]> {
    const found: StreamInfo[] = [];
    for (;;) {
      const page = await this.#call<{ readonly total: number; readonly streams: readonly StreamInfo[] | null }>(
        'STREAM.LIST',
        {
          offset: found.length,
          subject,
        },
      );
      found.push(...(page.streams ?? []));
      if (found.length >= page.total || !page.streams?.length) return found;
    }
  }

  /** A message as it was published, from whichever server has it; undefined where that one does not. */
  async message(
    name: string,
    which: { readonly seq: number } | { readonly last_by_subj: string },
  ): Promise<NatsMessage | undefined> {
    const message = await this.#connection.ask(`$JS.API.DIRECT.GET.${name}`, Buffer.from(JSON.stringify(which)));
    if (message.status === undefined) return message;
    if (message.status === 404) return undefined;
    throw new JetStreamError(`a message of ${name}`, { code: message.status });
  }

  async #call<T>(what: string, question: unknown): Promise<T> {
    const body = Buffer.from(question === undefined ? '' : JSON.stringify(question));
    return answered<T>(await this.#connection.ask(`$JS.API.${what}`, body), what);
  }
}

function answered<T>({ payload }: NatsMessage, what: string): T {
  const answer = JSON.parse(payload.toString('utf8')) as T & { readonly error?: ApiError };
  if (!answer.error) return answer;
  const error = new JetStreamError(what, answer.error);
  const { description = '', err_code: code = 0 } = answer.error;
  if (/maximum (?:bytes|messages)/.test(description)) throw new LogFullError('stream', error.message, { cause: error });
  if (FULL_SERVER.has(code) || /no space left/.test(description))
    throw new LogFullError('disk', error.message, { cause: error });
  throw error;
}

function ifNotThere(errorCode: number): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof JetStreamError) || error.errorCode !== errorCode) throw error;
    return undefined;
  };
}
