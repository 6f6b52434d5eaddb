// Watches over HTTP, as client-go uses them.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import { VirtualClock } from '#base/mod.ts';
import type { TestApi } from '../contracts/api-server.ts';
import { ROOT_TOKEN, startTestApi } from '../contracts/api-server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

interface Line {
  readonly type: string;
  readonly object: JsonObject & {
    metadata: { name?: string; resourceVersion: string; annotations?: Record<string, string> };
  };
}

/** Reads the lines of a watch, until so many are there or it ends. */
async function lines(
  { server }: TestApi,
  path: string,
  count: number,
  headers: Record<string, string> = {},
): Promise<Line[]> {
  const stop = new AbortController();
  const response = await fetch(`${server.url}${path}`, {
    signal: stop.signal,
    headers: { Authorization: `Bearer ${ROOT_TOKEN}`, ...headers },
  });
  const found: Line[] = [];
  if (!response.body) return found;
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const parts = text.split('\n');
    text = parts.pop() ?? '';
    found.push(...parts.map((part) => JSON.parse(part) as Line));
    if (found.length >= count) break;
  }
  stop.abort();
  return found.slice(0, count);
}

async function create(name: string, labels: Record<string, string> = {}): Promise<string> {
  const { body } = await api.request('POST', MAPS, { body: { metadata: { name, labels } } });
  return (body['metadata'] as { resourceVersion: string }).resourceVersion;
}

const label = (name: string, labels: JsonObject) =>
  api.request('PATCH', `${MAPS}/${name}`, {
    body: { metadata: { labels } },
    headers: { 'Content-Type': 'application/merge-patch+json' },
  });
const shown = (found: readonly Line[]) =>
  found.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`.trim());

describe('what a watch begins with', () => {
  test('what happened since a resourceVersion, deletions too', async () => {
    const since = await create('a1');
    await label('a1', { x: 'y' });
    await api.request('DELETE', `${MAPS}/a1`);
    const found = await lines(api, `${MAPS}?watch=true&resourceVersion=${since}`, 2);
    expect(shown(found)).toEqual(['MODIFIED a1', 'DELETED a1']);
    expect(Number(found[1]?.object.metadata.resourceVersion)).toBeGreaterThan(
      Number(found[0]?.object.metadata.resourceVersion),
    );
  });

  test.each([[''], ['0']])('with resourceVersion "%s" what stands', async (version) => {
    await create(`b${version}`, { only: `b${version}` });
    expect(
      shown(await lines(api, `${MAPS}?watch=true&resourceVersion=${version}&labelSelector=only%3Db${version}`, 1)),
    ).toEqual([`ADDED b${version}`]);
  });

  test('what stands and a bookmark that says so', async () => {
    await create('c1', { only: 'c' });
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=only%3Dc';
    const found = await lines(api, `${MAPS}?${query}`, 2);
    expect(shown(found)).toEqual(['ADDED c1', 'BOOKMARK']);
    expect(found[1]?.object).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } },
    });
    expect(Number(found[1]?.object.metadata.resourceVersion)).toBeGreaterThan(0);
  });

  test('an error for a version of the future', async () => {
    const [late] = await lines(api, `${MAPS}?watch=true&resourceVersion=99999999`, 1);
    expect(late).toMatchObject({ type: 'ERROR', object: { kind: 'Status', reason: 'Timeout', code: 504 } });
  });

  test('an error where the window begins later', async () => {
    const other = await startTestApi({ history: { total: 1, perResource: 0, totalLength: 1 } });
    for (const name of ['x', 'y', 'z']) await other.request('POST', MAPS, { body: { metadata: { name } } });
    const [gone] = await lines(other, `${MAPS}?watch=true&resourceVersion=2`, 1);
    expect(gone).toMatchObject({
      type: 'ERROR',
      object: {
        kind: 'Status',
        reason: 'Expired',
        code: 410,
        message: expect.stringMatching(/^too old resource version: 2 \(\d+\)$/),
      },
    });
    await other.close();
  });
});

describe('what a watch tells', () => {
  test('entering and leaving a selection', async () => {
    const since = await create('d1');
    const watching = lines(api, `${MAPS}?watch=true&resourceVersion=${since}&labelSelector=in%3Dyes`, 3);
    await label('d1', { in: 'yes' });
    await label('d1', { in: 'yes', more: 'yes' });
    await label('d1', { in: 'no' });
    expect(shown(await watching)).toEqual(['ADDED d1', 'MODIFIED d1', 'DELETED d1']);
  });

  test('one object by its name, across namespaces', async () => {
    const since = await create('e1');
    const watching = lines(
      api,
      `/api/v1/configmaps?watch=true&resourceVersion=${since}&fieldSelector=metadata.name%3De2`,
      1,
    );
    await create('e3');
    await create('e2');
    expect(shown(await watching)).toEqual(['ADDED e2']);
  });

  test('rows of a table, whose columns are named once', async () => {
    const since = await create('f1');
    const accept = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
    const watching = lines(api, `${MAPS}?watch=true&resourceVersion=${since}`, 2, accept);
    await create('f2');
    await create('f3');
    const [first, second] = (await watching) as unknown as {
      object: { kind: string; columnDefinitions: unknown[] | null; rows: { cells: unknown[] }[] };
    }[];
    expect(first?.object).toMatchObject({ kind: 'Table', rows: [{ cells: ['f2', 0, expect.any(String)] }] });
    expect(first?.object.columnDefinitions?.length).toBe(3);
    expect(second?.object.columnDefinitions).toBeNull();
  });
});

describe('how a watch ends', () => {
  test('with its time', async () => {
    const clock = new VirtualClock();
    const other = await startTestApi({ clock });
    const watching = lines(
      other,
      `${MAPS}?watch=true&timeoutSeconds=120&allowWatchBookmarks=true&resourceVersion=${other.store.listRevision}`,
      9,
    );
    await other.request('GET', '/healthz');
    await clock.advance(121_000);
    expect(shown(await watching)).toEqual(['BOOKMARK']);
    await other.close();
  });

  test('with a client that reads nothing for a minute', async () => {
    const clock = new VirtualClock();
    const other = await startTestApi({ clock });
    for (let i = 0; i < 40; i++)
      await other.request('POST', MAPS, {
        body: { metadata: { name: `big${i}` }, data: { text: 'x'.repeat(900_000) } },
      });
    const request = get(`${other.server.url}${MAPS}?watch=true`, {
      headers: { Authorization: `Bearer ${ROOT_TOKEN}` },
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => response.once('close', () => resolve()));
    await once(response, 'readable');
    await clock.advance(61_000);
    response.resume();
    await closed;
    expect(response.complete).toBe(false);
    await other.close();
  });

  test('with its server', async () => {
    const other = await startTestApi();
    const watching = other.request('GET', `${MAPS}?watch=true&resourceVersion=${other.store.listRevision}`);
    await other.request('GET', '/healthz');
    await other.close();
    expect(await watching).toMatchObject({ code: 200, text: '' });
  });
});
