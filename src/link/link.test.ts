// The two ends of the line over a socket of their own.

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#base/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Change, ConnectOptions, LinkClient, LinkServer, ServeOptions } from './mod.ts';
import { connectLink, serveLink } from './mod.ts';

let folder = '';
let path = '';
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-line-'));
  path = join(folder, 'line.sock');
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(folder, { recursive: true });
});

interface DataEnd extends LinkServer {
  readonly told: { changes: readonly Change[]; isAll: boolean }[];
}

async function dataEnd(options: Partial<ServeOptions> = {}): Promise<DataEnd> {
  const told: DataEnd['told'] = [];
  const apply = async (changes: readonly Change[], isAll: boolean) => {
    told.push({ changes, isAll });
    return [];
  };
  const end = await serveLink(path, { log: silentLog, apply, answering: {}, ...options });
  closers.push(() => end.close());
  return { ...end, told };
}

function controlEnd(options: Partial<ConnectOptions> = {}): LinkClient {
  const end = connectLink(path, { clock: systemClock, log: silentLog, answering: {}, onNews: () => {}, ...options });
  closers.push(() => end.close());
  return end;
}

test('a change resolves once it is carried out, also one from before there was a connection', async () => {
  const control = controlEnd();
  const early = control.change([{ kind: 'a', key: '1', value: 1 }]);
  const data = await dataEnd();
  await early;
  await control.change([{ kind: 'a', key: '2', value: 2 }]);
  await control.change([{ kind: 'a', key: '1' }]);
  expect(data.told).toEqual([
    { changes: [{ kind: 'a', key: '1', value: 1 }], isAll: true },
    { changes: [{ kind: 'a', key: '2', value: 2 }], isAll: false },
    { changes: [{ kind: 'a', key: '1' }], isAll: false },
  ]);
});

test('a data process that comes anew is told everything', async () => {
  const first = await dataEnd();
  const control = controlEnd();
  await control.change([
    { kind: 'a', key: '1', value: 1 },
    { kind: 'a', key: '2', value: 2 },
  ]);
  await control.change([{ kind: 'a', key: '2' }]);
  await first.close();
  const second = await dataEnd();
  await vi.waitFor(() => expect(second.told).toEqual([{ changes: [{ kind: 'a', key: '1', value: 1 }], isAll: true }]));
});

test('what a new control process does not want is stale, but not before it has told everything', async () => {
  const data = await dataEnd();
  const first = controlEnd();
  await first.change([
    { kind: 'a', key: '1', value: 1 },
    { kind: 'a', key: '2', value: 2 },
  ]);
  await first.close();
  const all = Promise.withResolvers<void>();
  const second = controlEnd({ allTold: all.promise });
  await second.change([{ kind: 'a', key: '1', value: 1 }]);
  expect(data.told.at(-1)?.isAll).toBe(false);
  expect(data.told.flatMap(({ changes }) => changes).some(({ isStale }) => isStale)).toBe(false);
  all.resolve();
  await vi.waitFor(() =>
    expect(data.told.at(-1)).toEqual({
      changes: [
        { kind: 'a', key: '1', value: 1 },
        { kind: 'a', key: '2', isStale: true },
      ],
      isAll: true,
    }),
  );
});

test('a change that fails is told to whoever wanted it, and to nobody else', async () => {
  await dataEnd({
    apply: async (changes) => {
      if (changes.some(({ key }) => key === 'bad')) throw new Error('the key is bad');
      return [];
    },
  });
  const control = controlEnd();
  await control.change([{ kind: 'a', key: 'good', value: 1 }]);
  const outcomes = await Promise.allSettled([
    control.change([{ kind: 'a', key: 'bad', value: 1 }]),
    control.change([{ kind: 'a', key: 'fine', value: 1 }]),
  ]);
  expect(outcomes).toMatchObject([{ reason: new Error('the key is bad') }, { status: 'fulfilled' }]);
});

test('of what was told together only what failed is told, and to whoever wanted it', async () => {
  const control = controlEnd();
  const early = ['bad', 'fine'].map((key) => control.change([{ kind: 'a', key, value: 1 }]));
  const outcomes = Promise.allSettled(early);
  await dataEnd({
    apply: async (changes) =>
      changes.filter(({ key }) => key === 'bad').map(({ kind, key }) => ({ kind, key, error: 'the key is bad' })),
  });
  expect(await outcomes).toMatchObject([{ reason: new Error('the key is bad') }, { status: 'fulfilled' }]);
  await expect(control.change([{ kind: 'a', key: 'bad', value: 2 }])).rejects.toThrow('the key is bad');
  await control.change([{ kind: 'b', key: 'bad2', value: 2 }]);
});

test('a change that takes a while holds up no other, but a whole holds up what comes after it', async () => {
  const slow = Promise.withResolvers<void>();
  const begun: string[] = [];
  await dataEnd({
    answering: { begun: async () => begun },
    apply: async (changes, isAll) => {
      begun.push(isAll ? 'whole' : changes.map(({ key }) => key).join());
      if (isAll || changes.some(({ key }) => key === 'slow')) await slow.promise;
      return [];
    },
  });
  const all = Promise.withResolvers<void>();
  const control = controlEnd({ allTold: all.promise });
  await control.change([{ kind: 'a', key: '1', value: 1 }]);
  const slowly = control.change([{ kind: 'a', key: 'slow', value: 1 }]);
  await control.change([{ kind: 'a', key: '2', value: 1 }]);
  expect(await control.ask('begun', null)).toContain('slow');
  all.resolve();
  await vi.waitFor(() => expect(begun).toContain('whole'));
  const later = [control.change([{ kind: 'a', key: '3', value: 1 }]), control.ask('begun', null)];
  expect(begun.at(-1)).toBe('whole');
  slow.resolve();
  await slowly;
  expect((await Promise.all(later))[1]).toEqual(begun);
  expect(begun.slice(-2)).toEqual(['whole', '3']);
});

test('a data process that comes anew hears what was amended, and never of everything from one that holds back', async () => {
  const first = await dataEnd({ greeting: { news: 'hello', value: 1 } });
  const news: unknown[] = [];
  const connections: boolean[] = [];
  const control = controlEnd({
    onNews: (name, value) => news.push([name, value]),
    onConnection: (connected) => connections.push(connected),
  });
  await control.change([{ kind: 'a', key: '1', value: 1 }]);
  expect([news, control.isConnected]).toEqual([[['hello', 1]], true]);
  control.amend({ kind: 'a', key: '1', value: 'amended' });
  control.holdBack();
  await control.change([]);
  expect(first.told.at(-1)).toEqual({ changes: [], isAll: false });
  await first.close();
  const second = await dataEnd();
  const amended = { changes: [{ kind: 'a', key: '1', value: 'amended' }], isAll: false };
  await vi.waitFor(() => expect(second.told).toEqual([amended]));
  expect(connections).toEqual([true, false, true]);
});

test('both ends ask, and hear news', async () => {
  const news: unknown[] = [];
  const data = await dataEnd({ answering: { twice: async (n) => Number(n) * 2 } });
  const control = controlEnd({
    answering: { name: async (n) => `n${String(n)}` },
    onNews: (name, value) => news.push([name, value]),
  });
  await control.change([]);
  expect(await Promise.all([control.ask('twice', 4), data.ask('name', 5)])).toEqual([8, 'n5']);
  await expect(control.ask('thrice', 1)).rejects.toThrow('nobody answers thrice');
  data.tell('weather', 'fair');
  await vi.waitFor(() => expect(news).toEqual([['weather', 'fair']]));
});

test('questions end with the line', async () => {
  const data = await dataEnd({ answering: { never: () => new Promise(() => {}) } });
  await expect(data.ask('x', 1)).rejects.toThrow('there is no control process');
  const control = controlEnd({ answering: { never: () => new Promise(() => {}) } });
  await control.change([]);
  const [up, down] = [control.ask('never', 1), data.ask('never', 1)];
  const outcomes = Promise.allSettled([up, down]);
  await data.close();
  expect(await outcomes).toMatchObject([
    { reason: { message: 'the data process went away' } },
    { reason: { message: 'the control process left' } },
  ]);
  await expect(control.ask('x', 1)).rejects.toThrow('the data process is away');
});

test('the socket is its owner’s, and only one process listens at it', async () => {
  await dataEnd();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await expect(dataEnd()).rejects.toThrow('another data process listens');
});

test('a closed line takes nothing more', async () => {
  const control = controlEnd();
  const waiting = control.change([{ kind: 'a', key: '1', value: 1 }]);
  const outcome = Promise.allSettled([waiting]);
  await control.close();
  expect(await outcome).toMatchObject([{ reason: { message: 'the line to the data process was closed' } }]);
  await expect(control.change([])).rejects.toThrow('was closed');
});
