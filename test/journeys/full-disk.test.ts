// A disk that runs full under a platform: writes are refused in words before anything is harmed, deletions go on, and with room
// again everything goes on. On a small disk in memory, which only root may mount.

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
