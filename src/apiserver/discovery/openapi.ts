// OpenAPI v3: an index of group-versions with the hash of each document, and the documents. Made when first asked for.

import { createHash } from 'node:crypto';
import { openApiDocument, unknownResource } from '#machinery/mod.ts';
import type { Scheme } from '#objects/mod.ts';
import type { Exchange } from '../exchange.ts';
import { send, sendObject } from '../exchange.ts';
import { negotiate } from '../request/media.ts';
import type { Discovery } from './discovery.ts';
import type { ApiVersion } from './groups.ts';

interface OpenApiText {
  readonly text: string;
  readonly hash: string;
}

const VERSION = 'v1.34.0';

export class OpenApi {
  readonly #discovery: Discovery;
  readonly #stopListening: () => void;
  /** By path below `/openapi/v3/`: `api/v1`, `apis/apps/v1`. */
  #documents: ReadonlyMap<string, OpenApiText> | undefined;

  constructor(discovery: Discovery, scheme: Scheme) {
    this.#discovery = discovery;
    this.#stopListening = scheme.onChange(() => {
      this.#documents = undefined;
    });
  }

  close(): void {
    this.#stopListening();
  }

  /** Answers a path below `/openapi`. Throws 404 for anything but version 3, 406 for clients that only read protobuf. */
  async serve(exchange: Exchange): Promise<void> {
    const [, version, ...rest] = exchange.info.path.slice(1).split('/');
    if (version !== 'v3') throw unknownResource();
    negotiate(exchange.request.headers.accept, []);
    if (rest.length === 0) return sendObject(exchange, 200, { paths: this.#index() });
    const document = this.#all().get(rest.join('/'));
    if (!document) throw unknownResource();
    exchange.response.setHeader('ETag', `"${document.hash}"`);
    await send(exchange, 200, 'application/json', document.text);
  }

  #index(): object {
    return Object.fromEntries(
      [...this.#all()].map(([path, { hash }]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }]),
    );
  }

  #all(): ReadonlyMap<string, OpenApiText> {
    this.#documents ??= new Map(
      this.#discovery.groups.flatMap(({ name, versions }) =>
        versions.map((version) => [pathOf(name, version), documentOf(version)] as const),
      ),
    );
    return this.#documents;
  }
}

function pathOf(group: string, { groupVersion }: ApiVersion): string {
  return group ? `apis/${groupVersion}` : `api/${groupVersion}`;
}

function documentOf({ kinds }: ApiVersion): OpenApiText {
  const text = JSON.stringify(openApiDocument(kinds, VERSION));
  return { text, hash: createHash('sha256').update(text).digest('hex').toUpperCase() };
}
