// The line of events where timing matters; what is said on it is tested with the streams and the control that speak it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { systemClock } from '#base/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import type { TellableEvents } from './link.ts';
import { connectEvents, serveEventsControl } from './link.ts';
import type { ToldStreams } from './told-streams.ts';

const late = vi.hoisted(() => Promise.withResolvers<void>());
vi.mock('node:fs/promises', async (original) => ({ ...(await original<object>()), chmod: () => late.promise }));

/** Streams of a data process that are kept until it is told which are gone. */
const streams: Partial<ToldStreams> = {
  known: [],
  apply: async () => {},
  removeGone: async (ask) => void (await ask(['ns/kept'])),
};

const never = () => () => {};
const events: Partial<TellableEvents> = { onTypeSeen: never, onPlacesWanted: never, onTokenWanted: never };

test('a control process that comes while the line is still being made is asked what is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-events-line-'));
  const path = join(folder, 'events.sock');
  const control = connectEvents(path, { clock: systemClock, log: silentLog });
  const asked = new Promise<readonly string[]>((resolve) =>
    control.onGoneAsked((keys) => {
      resolve(keys);
      return [];
    }),
  );
  const serving = serveEventsControl(path, events as TellableEvents, streams as ToldStreams, silentLog);
  expect(await asked).toEqual(['ns/kept']);
  late.resolve();
  await control.close();
  await (await serving).close();
  await rm(folder, { recursive: true });
});
