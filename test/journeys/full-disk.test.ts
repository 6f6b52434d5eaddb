// A disk that runs full under a platform: writes are refused in words before anything is harmed, deletions go on, and with room
// again everything goes on. So it is where somebody else takes the last byte. On a small disk in memory, which only root may mount.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectTo } from '#homes/mod.ts';
import { ConfigMap } from '#kinds/mod.ts';
import type { Platform } from '../harness/platform.ts';
import { startPlatform } from '../harness/platform.ts';

const MIB = 2 ** 20;
let disk = '';
let platform: Platform | undefined;
let canMount = false;

beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'ebb-small-disk-'));
  canMount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'tmpfs', disk]).status === 0;
});
afterEach(async () => {
  await platform?.stop();
  platform = undefined;
  if (canMount) spawnSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** A file of zeros that leaves so much free. */
function fill(leave: number): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - leave));
}

const config = (name: string, length = 10): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { x: 'x'.repeat(length) },
});

test.skipIf(process.getuid?.() !== 0)(
  'writes are refused, deletions are not, and nothing is lost',
  { timeout: 120_000 },
  async (context) => {
    if (!canMount) context.skip();
    platform = await startPlatform({ dataDir: join(disk, 'data'), args: ['--no-example', '--disk-floor', '30Mi'] });
    const { client, close } = connectTo(platform.dataDir);
    await client.create(ConfigMap, config('before'));
    fill(20 * MIB);
    // The disk is asked once a second.
    await expect
      .poll(() => client.create(ConfigMap, config(`late-${Date.now()}`, 1000)).catch((error: unknown) => error), {
        timeout: 5000,
        interval: 100,
      })
      .toMatchObject({
        code: 507,
        reason: 'InsufficientStorage',
        message: expect.stringContaining("'ebb prune'") as string,
      });
    await client.delete(ConfigMap, 'default', 'before');
    expect(await client.get(ConfigMap, 'default', 'before')).toBeUndefined();

    rmSync(join(disk, 'filler'));
    await expect
      .poll(
        () =>
          client.create(ConfigMap, config('after')).then(
            () => 'created',
            () => 'refused',
          ),
        { timeout: 5000 },
      )
      .toBe('created');
    await close();
    await platform.stop();
    platform = await startPlatform({ dataDir: join(disk, 'data'), args: ['--no-example', '--disk-floor', '30Mi'] });
    const again = connectTo(platform.dataDir);
    expect(await again.client.get(ConfigMap, 'default', 'after')).toBeDefined();
    expect(await again.client.get(ConfigMap, 'default', 'before')).toBeUndefined();
    await again.close();
  },
);

test.skipIf(process.getuid?.() !== 0)(
  'somebody else takes the last byte: what was answered is kept, what cannot be kept is refused',
  { timeout: 120_000 },
  async (context) => {
    if (!canMount) context.skip();
    const args = ['--no-example', '--disk-floor', '8Mi'];
    platform = await startPlatform({ dataDir: join(disk, 'data'), args });
    const { client, close } = connectTo(platform.dataDir);
    const kept = new Map<string, number>();
    const refusals: unknown[] = [];
    const write = async (name: string, length: number) => {
      try {
        await client.create(ConfigMap, config(name, length));
        kept.set(name, length);
      } catch (error) {
        refusals.push(error);
      }
    };
    const roomAgain = async (round: number) => {
      rmSync(join(disk, 'filler'), { force: true });
      await expect
        .poll(() => write(`round-${round}-${Date.now()}`, 10).then(() => [...kept.keys()].at(-1)), { timeout: 10_000 })
        .toContain(`round-${round}-`);
    };
    const isOfTheStore = (refusal: unknown) => String(refusal).includes('database or disk is full');
    // The disk is asked once a second: where that comes between, the store itself has not met the end of it yet.
    for (let round = 0; round < 20 && !refusals.some(isOfTheStore); round++) {
      await roomAgain(round);
      fill(0);
      for (let index = 0; index < 40; index++) await write(`end-${round}-${index}`, 100_000);
    }
    expect(refusals.filter(isOfTheStore)).not.toEqual([]);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 507, reason: 'InsufficientStorage' });
    await roomAgain(20);
    await close();
    await platform.stop();
    platform = await startPlatform({ dataDir: join(disk, 'data'), args });
    const again = connectTo(platform.dataDir);
    for (const [name, length] of kept)
      expect((await again.client.get(ConfigMap, 'default', name))?.data).toEqual({ x: 'x'.repeat(length) });
    await again.close();
  },
);
