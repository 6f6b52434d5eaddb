// One request to the registry, with what its path says and what is needed to answer it.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Blobs } from '../blobs.ts';
import type { ImageStore } from '../store.ts';
import type { Uploads } from './uploads.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly store: ImageStore;
  readonly blobs: Blobs;
  readonly uploads: Uploads;
  /** Under which registry the store keeps what is pushed here, such as `localhost:5050`. */
  readonly registry: string;
  /** The repository; empty where the path has none. */
  readonly name: string;
  /** A tag or a digest. */
  readonly reference?: string;
  readonly digest?: string;
  /** Of an upload. */
  readonly id?: string;
}
