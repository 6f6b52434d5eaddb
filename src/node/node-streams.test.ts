import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { QUEUE_CONTAINER } from '#kinds/mod.ts';
import type { ContainerRuns } from './container.ts';
import { EndedPods } from './ended-pods.ts';
import type { RunningContainer } from './launcher.ts';
import { openLog, requestLogFile } from './logs.ts';
import type { StreamSources } from './node-logs.ts';
import { nodeStreams } from './node-streams.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', uid: 'u' },
  spec: { containers: [{ name: 'c', image: 'hello' }] },
};
const { signal } = new AbortController();
const command = { container: 'c', command: ['date'], stdin: false, stdout: true, stderr: true, tty: false };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-streams-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

type Worker = NonNullable<ReturnType<StreamSources['worker']>>;

/** Streams of a node on which the Pod has a worker, unless it is said to have none; its container runs where that is given. */
async function streamsOver(running: Partial<RunningContainer> | undefined, worker: Partial<Worker> | 'none' = {}) {
  const clock = new VirtualClock();
  const runs = running && { running, run: 0, ended: Promise.resolve(), status: () => ({ state: {} }) };
  const own: Partial<Worker> = {
    find: (name) => (name === 'c' ? (runs as unknown as ContainerRuns) : undefined),
    logOf: () => undefined,
    gone: Promise.resolve(),
    ...(worker === 'none' ? {} : worker),
  };
  return nodeStreams({
    clock,
    folder,
    ended: await EndedPods.open(join(folder, 'ended'), clock),
    worker: (uid) => (uid === 'u' && worker !== 'none' ? (own as Worker) : undefined),
  });
}

describe('a command', () => {
  test.each<[string, Partial<RunningContainer> | undefined, object]>([
    ['in a container that does not run', undefined, { status: { code: 400, message: 'container not found ("c")' } }],
    [
      'where the launcher runs none',
      {},
      { status: { code: 501, message: 'commands cannot be run in containers of this kind' } },
    ],
    [
      'that is not there',
      { converse: () => Promise.reject(new Error('no such file')) },
      { status: { code: 400, message: 'unable to start the command: no such file' } },
    ],
  ])('%s is refused', async (_, running, refusal) => {
    const streams = await streamsOver(running);
    await expect(streams.exec?.(pod, command, signal)).rejects.toMatchObject(refusal);
  });
});

test('a port of a Pod that is not here is refused', async () => {
  const streams = await streamsOver(undefined, 'none');
  await expect(streams.portForward?.(pod, 8080, signal)).rejects.toThrow('pod p does not run here');
});

describe('logs', () => {
  const read = async (source: AsyncIterable<Uint8Array>) => {
    const parts: Uint8Array[] = [];
    for await (const part of source) parts.push(part);
    return Buffer.concat(parts).toString();
  };

  test('of a Pod that is not here, and of which nothing is told, are not found', async () => {
    const streams = await streamsOver(undefined, 'none');
    expect(() => streams.logs(pod, {}, signal)).toThrow('pods "p" not found');
  });

  test('of a Pod that an earlier platform ran to its end are those of its last run', async () => {
    await writeFile(await openLog(folder, 'u', 'c', 2), 'done\n');
    const streams = await streamsOver(undefined, 'none');
    const state = { terminated: { exitCode: 0 } };
    const told = { name: 'c', image: 'hello', imageID: '', ready: false, restartCount: 2, state };
    expect(await read(streams.logs({ ...pod, status: { containerStatuses: [told] } }, { follow: true }, signal))).toBe(
      'done\n',
    );
  });

  test('of its requests can be followed before the first, and end with the Pod', async () => {
    const gone = Promise.withResolvers<void>();
    const streams = await streamsOver({}, { gone: gone.promise });
    const followed = read(streams.logs(pod, { container: QUEUE_CONTAINER, follow: true }, signal));
    const file = requestLogFile(folder, 'u');
    await expect.poll(() => existsSync(file)).toBe(true);
    await appendFile(file, 'GET /\n');
    gone.resolve();
    expect(await followed).toBe('GET /\n');
  });
});
