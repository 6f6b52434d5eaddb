import { request as httpRequest } from 'node:http';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { MEDIA } from '../manifest.ts';
import type { Manifest } from '../manifest.ts';
import { ImageStore } from '../store.ts';
import type { Listening } from './listening.ts';
import { digestOf, document, imageOf, listenRegistry } from './listening.ts';

let folder = '';
let store: ImageStore;
let registry: Listening;
const clock = new VirtualClock();
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-registry-'));
  store = new ImageStore(folder);
  registry = await listenRegistry({ store, clock });
});
afterEach(async () => {
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Call {
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

async function call(method: string, path: string, { body, headers = {} }: Call = {}) {
  const url = new URL(path, `http://${registry.host}`);
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  const header = (name: string) => response.headers.get(name) ?? '';
  return { status: response.status, text, header, location: header('location'), code: codeIn(text) };
}

function codeIn(text: string): string | undefined {
  return /"code":"(\w+)"/.exec(text)?.[1];
}

async function pushBlob(name: string, content: string): Promise<string> {
  const digest = digestOf(content);
  const { status } = await call('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: content });
  expect(status).toBe(201);
  return digest;
}

async function pushImage(name: string, tag: string, content: string) {
  const image = imageOf(content);
  await pushBlob(name, image.content);
  await pushBlob(name, image.config.text);
  const headers = { 'Content-Type': MEDIA.manifest };
  const { status } = await call('PUT', `/v2/${name}/manifests/${tag}`, { body: image.manifest.text, headers });
  expect(status).toBe(201);
  return image;
}

test('says that it is a registry', async () => {
  const { status, text, header } = await call('GET', '/v2/');
  expect([status, text, header('docker-distribution-api-version')]).toEqual([200, '{}', 'registry/2.0']);
});

describe('uploads', () => {
  test('a blob in chunks, as docker and func push it', async () => {
    const begun = await call('POST', '/v2/a/b/blobs/uploads/');
    expect([begun.status, begun.header('range')]).toEqual([202, '0-0']);
    const first = await call('PATCH', begun.location, { body: 'hello ' });
    expect([first.status, first.header('range')]).toEqual([202, '0-5']);
    const second = await call('PATCH', first.location, { body: 'wor', headers: { 'Content-Range': '6-8' } });
    expect([second.status, second.header('range')]).toEqual([202, '0-8']);
    const asked = await call('GET', second.location);
    expect([asked.status, asked.header('range')]).toEqual([204, '0-8']);
    const digest = digestOf('hello world');
    const done = await call('PUT', `${second.location}?digest=${digest}`, { body: 'ld' });
    expect([done.status, done.location]).toEqual([201, `/v2/a/b/blobs/${digest}`]);
    const got = await call('GET', done.location);
    expect([got.status, got.text, got.header('docker-content-digest')]).toEqual([200, 'hello world', digest]);
    expect((await call('GET', second.location)).code).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  test('a blob that is here already can be mounted; one that is not begins an upload', async () => {
    const digest = await pushBlob('a', 'content');
    expect((await call('POST', `/v2/b/blobs/uploads/?mount=${digest}&from=a`)).status).toBe(201);
    expect((await call('POST', `/v2/b/blobs/uploads/?mount=${digestOf('other')}&from=a`)).status).toBe(202);
  });

  test('a chunk out of its place is refused, and the upload goes on where it was', async () => {
    const { location } = await call('POST', '/v2/a/blobs/uploads/');
    await call('PATCH', location, { body: '0123' });
    const wrong = await call('PATCH', location, { body: '89', headers: { 'Content-Range': '8-9' } });
    expect([wrong.status, wrong.header('range')]).toEqual([416, '0-3']);
    expect((await call('PATCH', location, { body: '45', headers: { 'Content-Range': 'bytes four' } })).status).toBe(
      416,
    );
    expect((await call('PUT', `${location}?digest=${digestOf('0123')}`)).status).toBe(201);
  });

  test.each([
    ['another digest', digestOf('other')],
    ['no digest', 'sha256:12'],
  ])('%s is refused and nothing is kept', async (_, digest) => {
    const { status, code } = await call('POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body: 'content' });
    expect([status, code]).toEqual([400, 'DIGEST_INVALID']);
    expect(store.blobs.has(digestOf('content'))).toBe(false);
  });

  test('an upload that is cancelled, or rests for an hour, is gone and leaves no file', async () => {
    const cancelled = await call('POST', '/v2/a/blobs/uploads/');
    expect((await call('DELETE', cancelled.location)).status).toBe(204);
    expect((await call('DELETE', cancelled.location)).code).toBe('BLOB_UPLOAD_UNKNOWN');
    const resting = await call('POST', '/v2/a/blobs/uploads/');
    await clock.advance(3_000_000);
    await call('PATCH', resting.location, { body: 'x' });
    await clock.advance(3_000_000);
    expect((await call('GET', resting.location)).status).toBe(204);
    await clock.advance(3_600_000);
    expect((await call('GET', resting.location)).status).toBe(404);
    await expect.poll(() => readdirSync(store.blobs.incoming)).toEqual([]);
  });

  test('what came before a break of the connection stays, and the rest can follow', async () => {
    const { location } = await call('POST', '/v2/a/blobs/uploads/');
    const broken = httpRequest(new URL(location, `http://${registry.host}`), { method: 'PATCH' });
    broken.on('error', () => undefined);
    broken.write('hello ');
    await expect.poll(async () => (await call('GET', location)).header('range')).toBe('0-5');
    broken.destroy();
    const digest = digestOf('hello world');
    await expect
      .poll(async () => (await call('PUT', `${location}?digest=${digest}`, { body: 'world' })).status)
      .toBe(201);
    expect((await call('GET', `/v2/a/blobs/${digest}`)).text).toBe('hello world');
  });
});

describe('blobs', () => {
  test.each([
    [undefined, 200, '0123456789', ''],
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=0-1,3-4', 200, '0123456789', ''],
  ])('range %s', async (range, status, text, contentRange) => {
    const digest = await pushBlob('a', '0123456789');
    const got = await call('GET', `/v2/a/blobs/${digest}`, { headers: range ? { Range: range } : {} });
    expect([got.status, got.text, got.header('content-range')]).toEqual([status, text, contentRange]);
  });

  test('a range beyond the end is refused', async () => {
    const digest = await pushBlob('a', '0123456789');
    const { status, header } = await call('GET', `/v2/a/blobs/${digest}`, { headers: { Range: 'bytes=10-' } });
    expect([status, header('content-range')]).toEqual([416, 'bytes */10']);
  });

  test('HEAD tells the size; an empty blob is one too', async () => {
    const digest = await pushBlob('a', 'hello');
    const { status, header, text } = await call('HEAD', `/v2/a/blobs/${digest}`);
    expect([status, header('content-length'), text]).toEqual([200, '5', '']);
    expect((await call('GET', `/v2/a/blobs/${await pushBlob('a', '')}`)).status).toBe(200);
  });
});

describe('manifests', () => {
  test('by tag and by digest, as they were pushed', async () => {
    const { manifest } = await pushImage('a/b', 'v1', 'one');
    for (const reference of ['v1', manifest.digest]) {
      const got = await call('GET', `/v2/a/b/manifests/${reference}`);
      expect([got.status, got.text, got.header('content-type'), got.header('docker-content-digest')]).toEqual([
        200,
        manifest.text,
        MEDIA.manifest,
        manifest.digest,
      ]);
      const head = await call('HEAD', `/v2/a/b/manifests/${reference}`);
      expect([head.status, head.header('content-length')]).toEqual([200, String(manifest.text.length)]);
    }
    expect(await store.resolve(`${registry.host}/a/b:v1`)).toBe(manifest.digest);
  });

  test('an index, and by the type it says it is', async () => {
    const { manifest } = await pushImage('a', 'amd64', 'one');
    const other = {
      ...manifest.descriptor,
      digest: digestOf('not pushed'),
      platform: { os: 'linux', architecture: 's390x' },
    };
    const index = document({ schemaVersion: 2, manifests: [manifest.descriptor, other] }, MEDIA.index);
    expect((await call('PUT', '/v2/a/manifests/all', { body: index.text })).status).toBe(201);
    expect((await call('GET', '/v2/a/manifests/all')).header('content-type')).toBe(MEDIA.index);
    const docker = document({ schemaVersion: 2, mediaType: MEDIA.dockerList, manifests: [] }, MEDIA.dockerList);
    expect((await call('PUT', `/v2/a/manifests/${docker.digest}`, { body: docker.text })).status).toBe(201);
    expect((await call('GET', `/v2/a/manifests/${docker.digest}`)).header('content-type')).toBe(MEDIA.dockerList);
  });

  const { manifest } = imageOf('not pushed');
  test.each<[string, string, Call, number, string]>([
    ['no JSON', 'v1', { body: 'x' }, 400, 'MANIFEST_INVALID'],
    ['no manifest', 'v1', { body: '{"schemaVersion":1}' }, 400, 'MANIFEST_INVALID'],
    ['parts that are not here', 'v1', { body: manifest.text }, 400, 'MANIFEST_BLOB_UNKNOWN'],
    [
      'another type than it says',
      'v1',
      { body: manifest.text, headers: { 'Content-Type': MEDIA.index } },
      400,
      'MANIFEST_INVALID',
    ],
    [
      'another digest',
      digestOf('other'),
      { body: document({ schemaVersion: 2, manifests: [] }, MEDIA.index).text },
      400,
      'DIGEST_INVALID',
    ],
    ['a tag that cannot be', '-v1', { body: manifest.text }, 400, 'MANIFEST_INVALID'],
    ['five megabytes', 'v1', { body: 'x'.repeat(5 * 2 ** 20) }, 413, 'SIZE_INVALID'],
  ])('refused: %s', async (_, reference, request, status, code) => {
    const answer = await call('PUT', `/v2/a/manifests/${reference}`, request);
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(await store.list()).toEqual([]);
  });

  test('one that wants the machine’s own root is refused, unless it was made here', async () => {
    const elsewhere = new ImageStore(join(folder, 'elsewhere'));
    const { digest } = await elsewhere.add('a/b', { host: true });
    const body = (await elsewhere.blobs.read(digest)).toString();
    const { config } = JSON.parse(body) as Manifest;
    await pushBlob('a', (await elsewhere.blobs.read(config.digest)).toString());
    for (const reference of ['v1', digest]) {
      const { status, code, text } = await call('PUT', `/v2/a/manifests/${reference}`, { body });
      expect([status, code]).toEqual([403, 'DENIED']);
      expect(text).toContain('ebb deploy FOLDER');
    }
    expect([await store.list(), store.blobs.has(digest)]).toEqual([[], false]);
    await store.add('ko.local/host', { host: true });
    expect((await call('PUT', '/v2/a/manifests/v1', { body })).status).toBe(201);
  });

  test('a tag is deleted alone, a digest with all its tags', async () => {
    const image = await pushImage('a', 'v1', 'one');
    await pushImage('a', 'v2', 'one');
    await pushImage('a', 'v3', 'two');
    await pushImage('b', 'v1', 'one');
    expect((await call('DELETE', '/v2/a/manifests/v1')).status).toBe(202);
    expect((await call('DELETE', '/v2/a/manifests/v1')).code).toBe('MANIFEST_UNKNOWN');
    expect((await call('GET', '/v2/a/tags/list')).text).toBe('{"name":"a","tags":["v2","v3"]}');
    expect((await call('DELETE', `/v2/a/manifests/${image.manifest.digest}`)).status).toBe(202);
    expect((await call('GET', '/v2/a/tags/list')).text).toBe('{"name":"a","tags":["v3"]}');
    expect((await call('GET', '/v2/b/tags/list')).text).toBe('{"name":"b","tags":["v1"]}');
  });
});

test('tags and repositories come in pages', async () => {
  for (const tag of ['v1', 'v10', 'v2']) await pushImage('a/b', tag, 'one');
  await pushImage('c', 'v1', 'one');
  const first = await call('GET', '/v2/a/b/tags/list?n=2');
  expect(first.text).toBe('{"name":"a/b","tags":["v1","v10"]}');
  const [, next = ''] = /^<(.+)>; rel="next"$/.exec(first.header('link')) ?? [];
  const second = await call('GET', next);
  expect([second.text, second.header('link')]).toEqual(['{"name":"a/b","tags":["v2"]}', '']);
  expect((await call('GET', '/v2/_catalog')).text).toBe('{"repositories":["a/b","c"]}');
  expect((await call('GET', '/v2/_catalog?n=x')).code).toBe('PAGINATION_NUMBER_INVALID');
});

test.each([
  ['GET', '/v1/', 404, 'UNSUPPORTED'],
  ['DELETE', '/v2/', 405, 'UNSUPPORTED'],
  ['GET', '/v2/a/tags/list', 404, 'NAME_UNKNOWN'],
  ['GET', '/v2/A/tags/list', 400, 'NAME_INVALID'],
  ['GET', '/v2/a/../../manifests/x', 404, 'UNSUPPORTED'],
  ['GET', '/v2/a%2f..%2fb/manifests/x', 404, 'MANIFEST_UNKNOWN'],
  ['POST', '/v2/a//b/blobs/uploads/', 400, 'NAME_INVALID'],
  ['GET', '/v2/a/manifests/v1', 404, 'MANIFEST_UNKNOWN'],
  ['GET', '/v2/a/manifests/..', 404, 'UNSUPPORTED'],
  ['GET', `/v2/a/manifests/${digestOf('x')}`, 404, 'MANIFEST_UNKNOWN'],
  ['GET', `/v2/a/blobs/${digestOf('x')}`, 404, 'BLOB_UNKNOWN'],
  ['GET', '/v2/a/blobs/sha256:..', 404, 'BLOB_UNKNOWN'],
  ['PUT', `/v2/a/blobs/uploads/x?digest=${digestOf('x')}`, 404, 'BLOB_UPLOAD_UNKNOWN'],
])('%s %s is answered %i %s', async (method, path, status, code) => {
  const answer = await call(method, path);
  expect([answer.status, answer.code]).toEqual([status, code]);
});

test('a blob that is no manifest is none by its digest either', async () => {
  const digest = await pushBlob('a', '{"some":"json"}');
  expect((await call('GET', `/v2/a/manifests/${digest}`)).code).toBe('MANIFEST_UNKNOWN');
});

test('access is asked for what is wished', async () => {
  const wishes: unknown[] = [];
  const guarded = await listenRegistry({
    store,
    access(authorization, wish) {
      wishes.push([authorization, wish.repository, wish.action]);
      return authorization === 'Basic right' ? undefined : 'Basic realm="ebb"';
    },
  });
  const url = `http://${guarded.host}/v2/a/b/blobs/uploads/`;
  const denied = await fetch(url, { method: 'POST' });
  expect([denied.status, denied.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="ebb"']);
  expect(codeIn(await denied.text())).toBe('UNAUTHORIZED');
  expect((await fetch(url, { method: 'POST', headers: { Authorization: 'Basic right' } })).status).toBe(202);
  await fetch(`http://${guarded.host}/v2/`, { headers: { Authorization: 'Basic right' } });
  expect(wishes).toEqual([
    [undefined, 'a/b', 'push'],
    ['Basic right', 'a/b', 'push'],
    ['Basic right', '', 'pull'],
  ]);
  await guarded.close();
});
