import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyChanged, nameOfCopy } from './changed-copy.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-changed-copy-'));
  mkdirSync(join(folder, 'published/net'), { recursive: true });
  writeFileSync(join(folder, 'published/go.mod'), 'module example.com/published\n', { mode: 0o444 });
  writeFileSync(join(folder, 'published/net/listen.go'), 'Listen(":" + port)\n', { mode: 0o444 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const LOOPBACK = { file: 'net/listen.go', texts: [['":" + port', '"127.0.0.1:" + port']] } as const;

test('a copy has all files, one of them changed, and the published module stays as it is', () => {
  copyChanged(join(folder, 'published'), join(folder, 'copy'), LOOPBACK);
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  expect(read('copy/go.mod')).toBe('module example.com/published\n');
  expect(read('copy/net/listen.go')).toBe('Listen("127.0.0.1:" + port)\n');
  expect(read('published/net/listen.go')).toBe('Listen(":" + port)\n');
  expect(readdirSync(folder).sort()).toEqual(['copy', 'published']);
});

test('a module without the text that is to change is refused, and nothing is left', () => {
  const changes = { ...LOOPBACK, texts: [['":8080"', '"127.0.0.1:8080"']] } as const;
  expect(() => copyChanged(join(folder, 'published'), join(folder, 'copy'), changes)).toThrow(
    'net/listen.go no longer has the text ":8080"',
  );
  expect(existsSync(join(folder, 'copy'))).toBe(false);
});

test('a copy is made once, and with other changes has another name', () => {
  mkdirSync(join(folder, 'copy'));
  copyChanged(join(folder, 'published'), join(folder, 'copy'), LOOPBACK);
  expect(readdirSync(join(folder, 'copy'))).toEqual([]);
  const other = { ...LOOPBACK, texts: [] };
  expect(nameOfCopy('published', 'v1', LOOPBACK)).not.toBe(nameOfCopy('published', 'v1', other));
});
