// What the event log owes, and what a connection does, against a real server.

import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '#base/mod.ts';
import { openJetStreamLog } from '#events/mod.ts';
import { eventLogContract } from '../../contracts/event-log.ts';
import { EXCEPTIONS } from './exceptions.ts';
import { NATS_URL } from './stage.ts';

const url = process.env[NATS_URL] ?? '';
let places = 0;

const ALL = { records: 1000, bytes: 1e9 };

eventLogContract(() => {
  const prefix = `place-${process.pid}-${places++}`;
  return { open: (bounds) => openJetStreamLog({ url, clock: systemClock, prefix, ...bounds }) };
}, EXCEPTIONS);

test('records are found by the time that the server gave them', async () => {
  const log = await openJetStreamLog({ url, clock: systemClock, prefix: `times-${process.pid}` });
  for (let n = 0; n < 5; n++) {
    await log.append('s', { payload: Buffer.from(String(n)) });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const records = await log.read('s', 0, ALL);
  const times = records.map(({ appendedAt }) => appendedAt);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  for (const { appendedAt, offset } of records) expect(await log.offsetAt('s', appendedAt)).toBe(offset);
  expect(await log.offsetAt('s', 0)).toBe(0);
  expect(await log.offsetAt('s', Date.now() + 60_000)).toBe(5);
  await log.close();
});

test('a connection that is cut fails what waited, and the next append finds a new one', async () => {
  const wires: Socket[] = [];
  const target = new URL(url);
  const between = createServer((socket) => {
    const wire = connect(Number(target.port), target.hostname);
    wires.push(socket);
    for (const one of [socket, wire]) one.on('error', () => undefined);
    socket.pipe(wire).pipe(socket);
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const { port } = between.address() as AddressInfo;
  const log = await openJetStreamLog({
    url: `nats://127.0.0.1:${port}`,
    clock: systemClock,
    prefix: `cut-${process.pid}`,
  });
  expect(await log.append('s', { payload: Buffer.from('first') })).toBe(0);
  const waiting = log.append('s', { payload: Buffer.from('cut') });
  for (const wire of wires) wire.destroy();
  await expect(waiting).rejects.toThrow(/the connection to NATS at 127\.0\.0\.1:\d+ ended/);
  const offset = await log.append('s', { payload: Buffer.from('second') });
  const texts = (await log.read('s', 0, ALL)).map(({ payload }) => Buffer.from(payload).toString());
  expect(texts.filter((text) => text !== 'cut')).toEqual(['first', 'second']);
  expect(texts[offset]).toBe('second');
  await log.close();
  between.close();
});

test('where no server answers, opening says so', async () => {
  await expect(openJetStreamLog({ url: 'nats://127.0.0.1:1', clock: systemClock })).rejects.toThrow(
    'no NATS server answers at 127.0.0.1:1: connect ECONNREFUSED',
  );
});

test('a message larger than the server takes is refused by itself', async () => {
  const log = await openJetStreamLog({ url, clock: systemClock, prefix: `large-${process.pid}` });
  await expect(log.append('s', { payload: Buffer.alloc(2 ** 21) })).rejects.toThrow(/takes at most 1048576 bytes/);
  expect(await log.append('s', { payload: Buffer.from('small') })).toBe(0);
  await log.close();
});
