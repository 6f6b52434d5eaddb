// What every disk owes the stores on it, as long as the power stays on.

import { expect, test } from 'vitest';
import type { Disk } from '#storage/mod.ts';

const bytes = (text: string) => Buffer.from(text);

async function contentOf(disk: Disk, path: string): Promise<string | undefined> {
  const file = await disk.open(path, 'there');
  if (!file) return undefined;
  const content = Buffer.alloc(await file.length());
  expect(await file.read(content, 0)).toBe(content.length);
  await file.close();
  return content.toString('latin1');
}

/** `empty` gives a disk with nothing on it. */
export function diskContract(empty: () => Promise<Disk>): void {
  test('what is written is read, in parts, over one another, and beyond the end', async () => {
    const disk = await empty();
    const file = await disk.open('f', 'new');
    await file.write([bytes('hello'), bytes(''), bytes(' world')], 0);
    await file.write([bytes('J')], 0);
    await file.write([bytes('end')], 14);
    await file.sync();
    expect(await file.length()).toBe(17);
    const into = Buffer.alloc(8);
    expect(await file.read(into, 12)).toBe(5);
    expect(into.toString('latin1')).toBe('\0\0end\0\0\0');
    expect(await file.read(into, 99)).toBe(0);
    await file.close();
    expect(await contentOf(disk, 'f')).toBe('Jello world\0\0\0end');
  });

  test('room that is taken is zeros, and what is cut off does not come back', async () => {
    const disk = await empty();
    const file = await disk.open('f', 'new');
    await file.write([bytes('abc')], 0);
    await file.allocate(3, 600_000);
    expect(await file.length()).toBe(600_000);
    await file.write([bytes('def')], 3);
    await file.truncate(4);
    await file.truncate(6);
    expect(await contentOf(disk, 'f')).toBe('abcd\0\0');
    await file.close();
  });

  test('many parts are written in their order', async () => {
    const disk = await empty();
    const file = await disk.open('f', 'new');
    const parts = Array.from({ length: 2000 }, (_, n) => bytes(String(n % 10)));
    await file.write(parts, 0);
    expect(await contentOf(disk, 'f')).toBe(parts.join(''));
    await file.close();
  });

  test('a new file must not be there, an old one must; undefined says that it is not', async () => {
    const disk = await empty();
    expect(await disk.open('f', 'there')).toBeUndefined();
    expect(await disk.open('none/f', 'there')).toBeUndefined();
    await (await disk.open('f', 'new')).close();
    await expect(disk.open('f', 'new')).rejects.toThrow();
    await expect(disk.open('none/f', 'new')).rejects.toThrow();
  });

  test('folders are made, listed, renamed with what is in them, and removed when they are empty', async () => {
    const disk = await empty();
    expect(await disk.list('a')).toEqual([]);
    await disk.makeFolder('a');
    await disk.makeFolder('a');
    const file = await disk.open('a/f', 'new');
    await file.write([bytes('x')], 0);
    await disk.makeFolder('a/b');
    expect([...(await disk.list('a'))].sort()).toEqual(['b', 'f']);
    await disk.syncFolder('a');
    await expect(disk.removeFolder('a')).rejects.toThrow();
    await disk.rename('a', 'c');
    await disk.syncFolder('');
    expect(await disk.list('')).toEqual(['c']);
    expect(await contentOf(disk, 'c/f')).toBe('x');
    await file.write([bytes('y')], 1);
    expect(await contentOf(disk, 'c/f')).toBe('xy');
    await disk.remove('c/f');
    await disk.remove('c/f');
    expect(await file.length()).toBe(2);
    await file.close();
    await disk.removeFolder('c/b');
    await disk.removeFolder('c');
    expect(await disk.list('')).toEqual([]);
  });

  test('a file takes the place of another under its name', async () => {
    const disk = await empty();
    for (const name of ['new', 'old']) {
      const file = await disk.open(name, 'new');
      await file.write([bytes(name)], 0);
      await file.close();
    }
    await disk.rename('new', 'old');
    expect(await disk.list('')).toEqual(['old']);
    expect(await contentOf(disk, 'old')).toBe('new');
    await expect(disk.rename('none', 'other')).rejects.toThrow();
  });
}
