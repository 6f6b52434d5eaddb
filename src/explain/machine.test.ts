import { describe, expect, test } from 'vitest';
import { examine, worstOf } from './machine.ts';
import type { MachineFacts, State } from './machine.ts';

const GIB = 2 ** 30;
const good: MachineFacts = {
  system: { platform: 'linux', release: '6.8', arch: 'x64', root: true },
  cgroups: { version: 2 },
  memory: { totalBytes: 8 * GIB, availableBytes: 6 * GIB },
  openFiles: 65_536,
  inotify: { watches: 65_536, instances: 1024 },
  folder: {
    path: '/data',
    freeBytes: 50 * GIB,
    totalBytes: 100 * GIB,
    freeInodes: 1e6,
    fileSystem: 'ext4',
    holders: [],
  },
  ports: [{ what: 'gateway', flag: '--port-gateway', port: 8080 }],
  clock: { now: 2000, notBefore: 1000 },
  resolvesLocalhost: true,
  languages: { node: true, python3: true },
};

const NO_LIMITS = { lost: 'memory', why: 'it is not there', next: 'mount it' };

test('a good machine has nothing to mend', () => {
  const verdicts = examine(good);
  expect(worstOf(verdicts)).toBe('ok');
  expect(verdicts.filter(({ means, next }) => means ?? next)).toEqual([]);
});

describe('one lack at a time', () => {
  const folder = (change: Partial<MachineFacts['folder']>) => ({ folder: { ...good.folder, ...change } });
  const system = (change: Partial<MachineFacts['system']>) => ({ system: { ...good.system, ...change } });
  const memory = (gib: number) => ({ memory: { totalBytes: 8 * GIB, availableBytes: gib * GIB } });
  const port = (taken: { by?: string; pid?: number }) => ({
    ports: [{ what: 'gateway', flag: '--port-gateway', port: 8080, taken }],
  });

  test.each<[string, Partial<MachineFacts>, State, string]>([
    ['system', system({ platform: 'darwin', arch: 'arm64' }), 'limited', 'use Linux for isolation'],
    ['system', system({ platform: 'win32' }), 'failed', 'use one of these'],
    ['system', system({ arch: 'ia32' }), 'failed', 'use one of these'],
    ['system', system({ arch: 'arm64' }), 'ok', ''],
    ['isolation', { sandboxProblem: 'the kernel refuses' }, 'limited', 'mend that, or go on with --launcher process'],
    ['isolation', { sandboxProblem: 'needs root', ...system({ root: false }) }, 'limited', "run 'ebb up' as root"],
    ['limits', { cgroups: { version: 'none', lack: NO_LIMITS } }, 'limited', 'mount it'],
    ['limits', { cgroups: { version: 2, lack: NO_LIMITS } }, 'limited', 'mount it'],
    ['limits', { cgroups: { version: 1 } }, 'ok', ''],
    ['memory', memory(0.4), 'failed', 'add memory'],
    ['memory', memory(0.9), 'limited', 'maxScale'],
    ['memory', memory(1), 'ok', ''],
    ['data folder', folder({ problem: 'EACCES: permission denied' }), 'failed', '--data'],
    ['data folder', folder({ fileSystem: 'nfs4' }), 'failed', '--data'],
    ['data folder', folder({ fileSystem: undefined }), 'ok', ''],
    ['disk', folder({ freeBytes: 0.2 * GIB }), 'failed', 'ebb prune'],
    ['disk', folder({ freeBytes: 1 * GIB }), 'limited', 'ebb prune'],
    ['disk', folder({ freeInodes: 10 }), 'failed', 'ebb prune'],
    ['disk', folder({ freeInodes: 0 }), 'ok', ''],
    ['disk', folder({ freeBytes: undefined }), 'ok', ''],
    ['open files', { openFiles: 256 }, 'failed', 'ulimit -n'],
    ['open files', { openFiles: 1024 }, 'limited', 'ulimit -n'],
    ['open files', { openFiles: undefined }, 'ok', ''],
    ['inotify', { inotify: { watches: 100, instances: 1024 } }, 'limited', 'sysctl fs.inotify'],
    ['inotify', { inotify: { watches: 65_536, instances: 16 } }, 'limited', 'sysctl fs.inotify'],
    ['clock', { clock: { now: 0, notBefore: 1000 } }, 'failed', 'set the clock'],
    ['names', { resolvesLocalhost: false }, 'limited', 'Host: NAME.NAMESPACE.localhost'],
    ['languages', { languages: { node: true, go: false } }, 'limited', 'images bring their own'],
    ['port 8080', port({ by: 'nginx', pid: 7 }), 'failed', '--port-gateway PORT'],
    ['port 8080', port({}), 'failed', '--port-gateway PORT'],
    ['port 8080', { ...port({ by: 'node', pid: 42 }), ...folder({ holders: [41, 42] }) }, 'ok', ''],
    [
      'port 8080',
      { ...port({ by: 'nginx', pid: 7 }), ...folder({ holders: [41, 42] }) },
      'failed',
      '--port-gateway PORT',
    ],
  ])('%s: %j is %s', (check, change, state, next) => {
    const verdicts = examine({ ...good, ...change });
    const verdict = verdicts.find((one) => one.check === check);
    expect(verdict?.state).toBe(state);
    expect(verdict?.next ?? '').toContain(next);
    // Nothing else is made worse by it.
    expect(verdicts.filter((one) => one.state !== 'ok' && one.check !== check)).toEqual([]);
    expect(worstOf(verdicts)).toBe(state);
  });
});
