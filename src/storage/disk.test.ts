import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { seededRandom } from '#base/mod.ts';
import { diskContract } from '../../test/contracts/disk.ts';
import { nodeDisk } from './node-disk.ts';
import { DiskFullError } from './object-database.ts';
import { CrashedError, SimulatedDisk } from './simulated-disk.ts';

const folder = mkdtempSync(join(tmpdir(), 'ebb-disk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let places = 0;

describe("the system's disk", () => {
  diskContract(() => nodeDisk(join(folder, String(places++))));

  test('files and folders are for this user alone', async () => {
    const root = join(folder, 'private');
    const disk = await nodeDisk(root);
    await disk.makeFolder('a');
    await (await disk.open('a/f', 'new')).close();
    const modes = [root, join(root, 'a'), join(root, 'a/f')].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o700, 0o600]);
  });
});

describe('the simulated disk', () => {
  diskContract(async () => new SimulatedDisk());

  async function textOf(disk: SimulatedDisk, path: string): Promise<string | undefined> {
    const file = await disk.open(path, 'there');
    if (!file) return undefined;
    const into = Buffer.alloc(await file.length());
    await file.read(into, 0);
    return into.toString('latin1');
  }

  test('a crash forgets content that was not synced and names whose folder was not', async () => {
    const disk = new SimulatedDisk();
    const [kept, nameless, unsynced] = await Promise.all(
      ['kept', 'nameless', 'unsynced'].map((name) => disk.open(name, 'new')),
    );
    await kept?.write([Buffer.from('kept')], 0);
    await kept?.sync();
    await disk.syncFolder('');
    await unsynced?.write([Buffer.from('gone')], 0);
    await kept?.write([Buffer.from('gone')], 0);
    await disk.rename('nameless', 'renamed');
    await nameless?.sync();
    const found = disk.crash('nothing');
    expect([...(await found.list(''))].sort()).toEqual(['kept', 'nameless', 'unsynced']);
    expect(await textOf(found, 'kept')).toBe('kept');
    expect(await textOf(found, 'unsynced')).toBe('');
    await expect(kept?.sync()).rejects.toThrow(CrashedError);
    await expect(disk.list('')).rejects.toThrow(CrashedError);
  });

  test('a crash may keep any of the sectors of a write, and the same seed keeps the same', async () => {
    const outcomes = new Set<string>();
    const play = async (seed: number) => {
      const disk = new SimulatedDisk();
      const file = await disk.open('f', 'new');
      await disk.syncFolder('');
      await file.write([Buffer.alloc(1024, 'x')], 0);
      const text = (await textOf(disk.crash(seededRandom(seed)), 'f')) ?? '';
      return [text.length, text.slice(0, 512).includes('x'), text.slice(512).includes('x')].join();
    };
    for (let seed = 0; seed < 40; seed++) {
      const outcome = await play(seed);
      expect(await play(seed)).toBe(outcome);
      outcomes.add(outcome);
    }
    expect([...outcomes].sort()).toEqual(['0,false,false', '1024,false,true', '1024,true,true', '512,true,false']);
  });

  test('the power goes in the middle of a step: a write may be kept, a sync did not happen', async () => {
    for (const [crashAt, kept, expected] of [
      [2, 'everything', 'x'],
      [2, 'nothing', ''],
      [3, 'nothing', ''],
      [4, 'nothing', 'x'],
    ] as const) {
      const disk = new SimulatedDisk({ crashAt });
      const file = await disk.open('f', 'new');
      await disk.syncFolder('');
      const rest = (async () => {
        await file.write([Buffer.from('x')], 0);
        await file.sync();
        await disk.makeFolder('later');
      })();
      await expect(rest).rejects.toThrow(CrashedError);
      expect(await textOf(disk.crash(kept), 'f')).toBe(expected);
    }
  });

  test('a full disk takes what there is room for and says that it is full; removing makes room', async () => {
    const disk = new SimulatedDisk({ capacity: 10 });
    const file = await disk.open('f', 'new');
    await file.write([Buffer.from('12345')], 0);
    const other = await disk.open('g', 'new');
    await expect(other.write([Buffer.from('1234567')], 0)).rejects.toThrow(DiskFullError);
    expect([await other.length(), disk.used]).toEqual([5, 10]);
    await file.write([Buffer.from('54321')], 0);
    await disk.remove('g');
    await file.write([Buffer.from('67890')], 5);
    await expect(file.allocate(10, 11)).rejects.toThrow(DiskFullError);
  });
});
