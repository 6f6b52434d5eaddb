// The registry's manifests and tags (distribution-spec v1.1, "Pulling manifests", "Pushing manifests", "Listing tags").

import type { IncomingMessage } from 'node:http';
import { messageOf } from '#base/mod.ts';
import { DigestMismatch, digestOfBytes, isDigest } from '../blobs.ts';
import { MANIFEST_TYPES, MAX_MANIFEST_BYTES, isIndex, isManifest, mediaTypeOf } from '../manifest.ts';
import type { Index, Manifest } from '../manifest.ts';
import { RootRefused } from '../made-here.ts';
import { canonical } from '../reference.ts';
import type { Exchange } from './exchange.ts';
import { Refusal, answer } from './answer.ts';

/** GET and HEAD of a manifest by tag or digest. */
export async function sendManifest(exchange: Exchange): Promise<void> {
  const { blobs, request, response, reference = '' } = exchange;
  const digest = await digestOf(exchange);
  const bytes = digest === undefined || !blobs.has(digest) ? undefined : await blobs.read(digest);
  const document = bytes && documentIn(bytes);
  if (!digest || !bytes || !document) throw unknown(reference);
  const headers = {
    'Content-Type': mediaTypeOf(document),
    'Content-Length': bytes.length,
    'Docker-Content-Digest': digest,
  };
  if (request.method === 'HEAD') return answer(response, 200, headers);
  response.writeHead(200, headers);
  response.end(bytes);
}

/** PUT: everything a manifest speaks of must be here before it. */
export async function takeManifest({
  store,
  blobs,
  registry,
  request,
  response,
  name,
  reference = '',
}: Exchange): Promise<void> {
  const bytes = await bodyOf(request);
  const document = documentIn(bytes);
  if (!document) throw new Refusal(400, 'MANIFEST_INVALID', 'the body is neither an image manifest nor an image index');
  const type = request.headers['content-type'] ?? '';
  if (MANIFEST_TYPES.includes(type) && document.mediaType && type !== document.mediaType) {
    throw new Refusal(
      400,
      'MANIFEST_INVALID',
      `the manifest says it is ${document.mediaType}, but was sent as ${type}`,
    );
  }
  const missing = partsOf(document).find((part) => !isDigest(part) || !blobs.has(part));
  if (missing !== undefined)
    throw new Refusal(400, 'MANIFEST_BLOB_UNKNOWN', `the manifest needs ${missing}, which was not pushed`);
  if (isManifest(document)) {
    await store.demandRightToRoot(document, digestOfBytes(bytes)).catch((error: unknown) => {
      throw error instanceof RootRefused ? new Refusal(403, 'DENIED', error.message) : error;
    });
  }
  const { digest } = await blobs
    .writeBytes(bytes, isDigest(reference) ? reference : undefined)
    .catch((error: unknown) => {
      throw error instanceof DigestMismatch ? new Refusal(400, 'DIGEST_INVALID', messageOf(error)) : error;
    });
  if (!isDigest(reference)) await store.tag({ registry, repository: name, tag: reference }, digest);
  answer(response, 201, { Location: `/v2/${name}/manifests/${digest}`, 'Docker-Content-Digest': digest });
}

/** DELETE: a tag, or every tag of a digest. */
export async function removeManifest({ store, response, registry, name, reference = '' }: Exchange): Promise<void> {
  const gone = isDigest(reference)
    ? (await store.list())
        .filter((image) => image.digest === reference && image.name.startsWith(`${registry}/${name}:`))
        .map((image) => image.name)
    : [canonical({ registry, repository: name, tag: reference })];
  const removed = await Promise.all(gone.map((image) => store.remove(image)));
  if (!removed.includes(true)) throw unknown(reference);
  answer(response, 202);
}

/** GET of the tags of a repository, in pages where `n` says so. */
export async function listTags({ store, response, query, registry, name }: Exchange): Promise<void> {
  const before = `${registry}/${name}:`;
  const all = (await store.list())
    .filter((image) => image.name.startsWith(before))
    .map((image) => image.name.slice(before.length));
  if (all.length === 0) throw new Refusal(404, 'NAME_UNKNOWN', `there is no repository ${name}`);
  const { page, headers } = paged(all, query, `/v2/${name}/tags/list`);
  answer(response, 200, headers, { name, tags: page });
}

/** GET of the names of all repositories. */
export async function listRepositories({ store, response, query, registry }: Exchange): Promise<void> {
  const names = (await store.list())
    .filter((image) => image.name.startsWith(`${registry}/`))
    .map((image) => image.name.slice(registry.length + 1).replace(/[:@].*$/, ''));
  const { page, headers } = paged([...new Set(names)], query, '/v2/_catalog');
  answer(response, 200, headers, { repositories: page });
}

function paged(all: string[], query: URLSearchParams, path: string) {
  const last = query.get('last') ?? '';
  const rest = all.sort(inOrder).filter((item) => last === '' || inOrder(item, last) > 0);
  const size = query.get('n') === null ? rest.length : Number(query.get('n'));
  if (!Number.isInteger(size) || size < 0)
    throw new Refusal(400, 'PAGINATION_NUMBER_INVALID', `n=${query.get('n')} is no number`);
  const page = rest.slice(0, size);
  const end = page.at(-1);
  const hasMore = end !== undefined && rest.length > size;
  const headers: Record<string, string> = hasMore
    ? { Link: `<${path}?n=${size}&last=${encodeURIComponent(end)}>; rel="next"` }
    : {};
  return { page, headers };
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

async function digestOf({ store, registry, name, reference = '' }: Exchange): Promise<string | undefined> {
  return isDigest(reference) ? reference : store.resolve(canonical({ registry, repository: name, tag: reference }));
}

function unknown(reference: string): Refusal {
  return new Refusal(404, 'MANIFEST_UNKNOWN', `there is no manifest ${reference}`);
}

function documentIn(bytes: Buffer): Manifest | Index | undefined {
  if (bytes.length > MAX_MANIFEST_BYTES) return undefined;
  try {
    const document: unknown = JSON.parse(bytes.toString());
    return isManifest(document) || isIndex(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

/** Digests a manifest needs. An index may speak of images for other machines that nobody has pushed. */
function partsOf(document: Manifest | Index): string[] {
  if (isIndex(document)) return [];
  const layers = document.layers.filter(({ mediaType }) => !/nondistributable|foreign/.test(mediaType));
  return [document.config, ...layers].map(({ digest }) => digest);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_MANIFEST_BYTES)
      throw new Refusal(413, 'SIZE_INVALID', `a manifest may have ${MAX_MANIFEST_BYTES} bytes at most`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
