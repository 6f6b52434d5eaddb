import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kindInRoot, resolveInRoot } from './root-path.ts';

let root: string;
let over: string;

beforeAll(() => {
  [root, over] = [mkdtempSync(join(tmpdir(), 'root-')), mkdtempSync(join(tmpdir(), 'over-'))];
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  writeFileSync(join(root, 'usr/bin/sh'), '');
  symlinkSync('usr/bin', join(root, 'bin'));
  symlinkSync('/run/../etc', join(root, 'absolute'));
  symlinkSync('../../../..', join(root, 'usr/up'));
  symlinkSync('loop', join(root, 'loop'));
  symlinkSync('/usr', join(root, 'hidden'));
  mkdirSync(join(over, 'hidden'));
});
afterAll(() => {
  for (const folder of [root, over]) rmSync(folder, { recursive: true, force: true });
});

describe('a path of a container', () => {
  test.each([
    ['/usr/bin/sh', '/usr/bin/sh'],
    ['/bin/sh', '/usr/bin/sh'],
    ['/absolute/hosts', '/etc/hosts'],
    ['/usr/up/etc/passwd', '/etc/passwd'],
    ['/../../x', '/x'],
    ['relative//./x', '/relative/x'],
    ['/not/there', '/not/there'],
  ])('%s is %s', (path, expected) => {
    expect(resolveInRoot([root], path)).toBe(expected);
  });

  test('that goes round in circles is refused', () => {
    expect(() => resolveInRoot([root], '/loop/x')).toThrow(/too many levels/);
  });

  test('is looked up in the topmost layer that has it', () => {
    expect([resolveInRoot([root], '/hidden'), resolveInRoot([over, root], '/hidden')]).toEqual(['/usr', '/hidden']);
    expect([kindInRoot([root], '/bin/sh'), kindInRoot([root], '/bin'), kindInRoot([root], '/no')]).toEqual([
      'file',
      'folder',
      undefined,
    ]);
  });
});
