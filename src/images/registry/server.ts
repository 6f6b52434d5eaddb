// The registry: what `func`, `docker push` and others push images to and pull them from (distribution-spec v1.1), over the image store.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#base/mod.ts';
import { isRecord, messageOf } from '#base/mod.ts';
import { DiskFullError } from '#storage/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { parseReference } from '../reference.ts';
import type { ImageStore } from '../store.ts';
import { Refusal, answer, refuse } from './answer.ts';
import { appendChunk, beginUpload, cancelUpload, finishUpload, sendBlob, tellUpload } from './blobs.ts';
import type { Exchange } from './exchange.ts';
import { listRepositories, listTags, removeManifest, sendManifest, takeManifest } from './manifests.ts';
import { Uploads } from './uploads.ts';

/** What is asked of a registry: to read a repository or to write to it. The repository is empty where none is meant. */
export interface Wish {
  readonly repository: string;
  readonly action: 'pull' | 'push';
}

/** Decides by the `Authorization` header: undefined to go on, or the challenge (`WWW-Authenticate`) to answer with. */
export type Access = (authorization: string | undefined, wish: Wish) => string | undefined;

export interface RegistryOptions {
  readonly store: ImageStore;
  /** Under which registry the store keeps what is pushed here, such as `localhost:5050`. */
  readonly registry: string;
  readonly clock: Clock;
  /** Everyone may do everything unless told. */
  readonly access?: Access;
  readonly log?: Logger;
}

type Handler = (exchange: Exchange) => Promise<void> | void;

interface Endpoint {
  readonly path: RegExp;
  readonly methods: Readonly<Record<string, Handler>>;
}

const ENDPOINTS: readonly Endpoint[] = [
  { path: /^\/v2\/?$/, methods: { GET: hello, HEAD: hello } },
  { path: /^\/v2\/_catalog$/, methods: { GET: listRepositories } },
  { path: /^\/v2\/(?<name>.+)\/tags\/list$/, methods: { GET: listTags } },
  {
    path: /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/,
    methods: { GET: sendManifest, HEAD: sendManifest, PUT: takeManifest, DELETE: removeManifest },
  },
  { path: /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/, methods: { POST: beginUpload } },
  {
    path: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<id>[^/]+)$/,
    methods: { GET: tellUpload, PATCH: appendChunk, PUT: finishUpload, DELETE: cancelUpload },
  },
  { path: /^\/v2\/(?<name>.+)\/blobs\/(?<digest>[^/]+)$/, methods: { GET: sendBlob, HEAD: sendBlob } },
];

/** Answers requests; give `handle` to a node:http server, and `close` it after that server. */
export class RegistryServer {
  readonly #options: RegistryOptions;
  readonly #uploads: Uploads;
  readonly #log: Logger;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#uploads = new Uploads(options.store.blobs, options.clock);
    this.#log = options.log ?? silentLog;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('Docker-Distribution-API-Version', 'registry/2.0');
    this.#answer(request, response).catch((error: unknown) => this.#fail(error, request, response));
  };

  /** Gives up uploads that were begun and not finished. */
  close(): Promise<void> {
    return this.#uploads.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://registry');
    for (const { path, methods } of ENDPOINTS) {
      const match = path.exec(pathname);
      if (!match) continue;
      const handler = methods[request.method ?? ''];
      if (!handler) throw notAllowed(request, methods);
      const { name = '', ...parts } = match.groups ?? {};
      this.#check(request, name, parts.reference);
      const { store, registry } = this.#options;
      return await handler({
        request,
        response,
        query,
        store,
        registry,
        blobs: store.blobs,
        uploads: this.#uploads,
        name,
        ...parts,
      });
    }
    throw new Refusal(404, 'UNSUPPORTED', `this registry has nothing at ${pathname}`);
  }

  #check(request: IncomingMessage, name: string, reference: string | undefined): void {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const wish: Wish = { repository: name, action: isRead ? 'pull' : 'push' };
    const challenge = this.#options.access?.(request.headers.authorization, wish);
    if (challenge !== undefined) {
      throw new Refusal(401, 'UNAUTHORIZED', 'authentication required', { 'WWW-Authenticate': challenge });
    }
    if (name === '') return;
    const separator = reference?.includes(':') ? '@' : ':';
    const parsed = parseReference(`${this.#options.registry}/${name}${separator}${reference ?? 'latest'}`);
    if (!('problem' in parsed)) return;
    // A tag that cannot be is one that is not there, for those who only ask.
    if (isRead && reference !== undefined) throw new Refusal(404, 'MANIFEST_UNKNOWN', parsed.problem);
    throw new Refusal(400, reference === undefined ? 'NAME_INVALID' : 'MANIFEST_INVALID', parsed.problem);
  }

  #fail(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    if (response.headersSent || response.destroyed) return void response.destroy();
    if (error instanceof Refusal) return refuse(response, error);
    if (request.destroyed && !request.complete) return;
    if (error instanceof DiskFullError) return refuse(response, new Refusal(507, 'DENIED', error.message));
    const isFull = isRecord(error) && error.code === 'ENOSPC';
    this.#log.error('the registry could not answer', { error, method: request.method, url: request.url });
    refuse(response, new Refusal(isFull ? 507 : 500, 'UNKNOWN', isFull ? 'the disk is full' : messageOf(error)));
  }
}

function hello({ response }: Exchange): void {
  answer(response, 200, {}, {});
}

function notAllowed({ method }: IncomingMessage, methods: Endpoint['methods']): Refusal {
  const allowed = Object.keys(methods).join(', ');
  return new Refusal(405, 'UNSUPPORTED', `${method} is not supported here; ${allowed} are`, { Allow: allowed });
}
