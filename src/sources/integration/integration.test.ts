import { afterEach, beforeEach, expect, test } from 'vitest';
import { IntegrationSource } from '#kinds/mod.ts';
import { findCondition, isReady } from '#machinery/mod.ts';
import { addSink, made, plainSinks, sourcesWorld } from '../../../test/sources/world.ts';
import { integrationSourceController } from './controller.ts';
import { Timers } from './timers.ts';

let world: Awaited<ReturnType<typeof sourcesWorld>>;
const sink = { ref: { apiVersion: 'v1', kind: 'Service', name: 'sink' } };

beforeEach(async () => {
  world = await sourcesWorld();
  world.begin(integrationSourceController({ sinks: plainSinks, timers: new Timers(world) }));
  await addSink(world.client);
});
afterEach(() => world.stop());

async function create(spec: object): Promise<void> {
  await world.client.create(IntegrationSource, made(IntegrationSource, { sink, ...spec }));
  await world.clock.advance(0);
}
const source = () => world.client.get(IntegrationSource, 'default', 'it');

test('an event each period', async () => {
  await create({ timer: { period: 2000, message: 'hello' }, ceOverrides: { extensions: { a: 'b' } } });
  await world.clock.advance(6500);
  expect(world.received).toHaveLength(3);
  const [{ event } = { event: undefined }] = world.received;
  expect(Object.fromEntries(event?.attributes ?? [])).toMatchObject({
    type: 'dev.knative.eventing.timer',
    source: 'dev.knative.eventing.timer-source',
    subject: 'timer-source',
    datacontenttype: 'text/plain',
    a: 'b',
  });
  expect(Buffer.from(event?.data ?? []).toString()).toBe('hello');
  const ready = await source();
  expect(ready && isReady(ready)).toBe(true);
});

test('so many and no more', async () => {
  await create({ timer: { message: 'x', repeatCount: 2 } });
  await world.clock.advance(60_000);
  expect(world.received).toHaveLength(2);
});

test('a timer ends with its source', async () => {
  await create({ timer: { message: 'x' } });
  await world.clock.advance(1000);
  await world.client.delete(IntegrationSource, 'default', 'it');
  await world.clock.advance(10_000);
  expect(world.received).toHaveLength(1);
});

test("what is Amazon's is refused in words", async () => {
  await create({ aws: { s3: { bucketNameOrArn: 'b', region: 'r' }, auth: { serviceAccountName: 'me' } } });
  expect(findCondition((await source())?.status, 'Ready')).toMatchObject({ status: 'False', reason: 'NotSupported' });
});
