// What a registry's client makes of answers, whatever the process does meanwhile.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import type { Listening } from '../registry/listening.ts';
import { digestOf, listen } from '../registry/listening.ts';
import { RegistryClient } from './registry-client.ts';

const CONTENT = 'what the blob is';
let listening: Listening | undefined;
afterEach(() => listening?.close());

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Collects until whoever waits to be told of what was collected has been told. */
async function collected(): Promise<void> {
  const told = Promise.withResolvers<void>();
  const registry = new FinalizationRegistry(told.resolve);
  registry.register({}, undefined);
  // What the frame of this function may still hold goes with its next turn.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  await told.promise;
}

test('a blob that nobody has begun to read outlives a collection of garbage', async () => {
  listening = await listen((_request, response) => void response.end(CONTENT));
  const client = new RegistryClient({ clock: new VirtualClock() });
  const part = { digest: digestOf(CONTENT), size: CONTENT.length };
  const blob = await client.blob({ registry: listening.host, repository: 'a', tag: 'v1' }, part);
  await collected();
  await collected();
  expect(Buffer.concat(await Array.fromAsync(blob)).toString()).toBe(CONTENT);
});
