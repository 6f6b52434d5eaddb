// The registry's blobs: given out whole or in part, and taken in by uploads (distribution-spec v1.1, "Pulling blobs", "Pushing blobs").

import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { isDigest } from '../blobs.ts';
import type { Exchange } from './exchange.ts';
import { Refusal, answer } from './answer.ts';
import { rangeOf } from './uploads.ts';

/** GET and HEAD of a blob. */
export async function sendBlob({ blobs, request, response, digest = '' }: Exchange): Promise<void> {
  const size = isDigest(digest) ? await blobs.touch(digest) : undefined;
  if (size === undefined) throw new Refusal(404, 'BLOB_UNKNOWN', `there is no blob ${digest}`);
  const part = partOf(request, size);
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
    'Content-Length': part.end - part.start + 1,
    ...(part.isWhole ? {} : { 'Content-Range': `bytes ${part.start}-${part.end}/${size}` }),
  };
  const status = part.isWhole ? 200 : 206;
  if (request.method === 'HEAD' || size === 0) return answer(response, status, headers);
  response.writeHead(status, headers);
  await pipeline(blobs.stream(digest, part), response).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}

interface Part {
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
  readonly isWhole: boolean;
}

function partOf(request: IncomingMessage, size: number): Part {
  const whole = { start: 0, end: size - 1, isWhole: true };
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (first === '' && last === '') return whole;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start > end) {
    const headers = { 'Content-Range': `bytes */${size}` };
    throw new Refusal(
      416,
      'RANGE_INVALID',
      `the blob has ${size} bytes, but ${request.headers.range} was asked`,
      headers,
    );
  }
  return { start, end, isWhole: false };
}

/** POST: begins an upload, or takes a whole blob at once, or has it already from another repository. */
export async function beginUpload(exchange: Exchange): Promise<void> {
  const { blobs, uploads, request, response, query, name } = exchange;
  const mounted = query.get('mount');
  if (mounted && isDigest(mounted) && (await blobs.touch(mounted)) !== undefined)
    return stored(response, name, mounted);
  const id = await uploads.begin();
  const digest = query.get('digest');
  if (digest === null) return received(response, name, id, 0);
  await uploads.finish(id, request, digestFrom(digest));
  stored(response, name, digest);
}

/** PATCH: one more chunk. */
export async function appendChunk({ uploads, request, response, name, id = '' }: Exchange): Promise<void> {
  const range = request.headers['content-range'];
  const [, start] = /^(?:bytes )?(\d+)-\d+$/.exec(range ?? '') ?? [];
  if (range !== undefined && start === undefined) {
    throw new Refusal(416, 'BLOB_UPLOAD_INVALID', `Content-Range ${JSON.stringify(range)} is not of the form 0-99`);
  }
  const size = await uploads.append(id, request, start === undefined ? undefined : Number(start));
  received(response, name, id, size);
}

/** PUT: the last chunk, if any, and the digest of the whole. */
export async function finishUpload({ uploads, request, response, query, name, id = '' }: Exchange): Promise<void> {
  const digest = digestFrom(query.get('digest'));
  await uploads.finish(id, request, digest);
  stored(response, name, digest);
}

/** GET: how far an upload is. */
export function tellUpload({ uploads, response, name, id = '' }: Exchange): void {
  answer(response, 204, { Location: uploadAt(name, id), Range: rangeOf(uploads.sizeOf(id)), 'Docker-Upload-UUID': id });
}

export async function cancelUpload({ uploads, response, id = '' }: Exchange): Promise<void> {
  await uploads.cancel(id);
  answer(response, 204);
}

function digestFrom(text: string | null): string {
  if (text !== null && isDigest(text)) return text;
  throw new Refusal(400, 'DIGEST_INVALID', `expected digest=sha256: and 64 hex digits, met ${JSON.stringify(text)}`);
}

function received(response: ServerResponse, name: string, id: string, size: number): void {
  answer(response, 202, { Location: uploadAt(name, id), Range: rangeOf(size), 'Docker-Upload-UUID': id });
}

function stored(response: ServerResponse, name: string, digest: string): void {
  answer(response, 201, { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest });
}

function uploadAt(name: string, id: string): string {
  return `/v2/${name}/blobs/uploads/${id}`;
}
