import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '#base/mod.ts';
import { sandboxProblem } from '#node/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { chooseLauncher } from './choose-launcher.ts';

const problem = sandboxProblem();
if (problem) console.warn(`what a sandbox hides is not tested here: ${problem}`);

/** Not below /tmp, which no container sees. */
let folder = '';
beforeEach(() => void (folder = mkdtempSync('/var/tmp/ebb-launcher-')));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(problem !== undefined)(
  'a program on the machine’s root sees neither the data folder nor the key file',
  async () => {
    const at = (...parts: string[]) => join(folder, ...parts);
    mkdirSync(at('data'));
    for (const file of ['data/objects.db', 'secrets.key', 'seen']) writeFileSync(at(file), `${file}\n`);
    writeFileSync(at('words'), '');
    const chosen = await chooseLauncher({
      wanted: 'sandbox',
      dataDir: at('data'),
      keyFile: at('secrets.key'),
      hasExit: false,
      clock: systemClock,
      log: silentLog,
    });
    const pod = { podUid: 'uid', podName: 'pod' };
    const sandbox = await chosen.launcher.prepare({ ...pod, namespace: 'ns', containerPorts: [], hostname: 'pod' });
    const running = await chosen.launcher.start(sandbox, {
      ...pod,
      id: 'uid/main/0',
      command: ['/bin/sh', '-c', `cat ${at('data')}/* ${at('secrets.key')} ${at('seen')} 2>/dev/null`],
      env: [['PATH', '/usr/bin:/bin']],
      workingDir: '/',
      rootfs: 'host',
      mounts: [],
      readOnlyRoot: false,
      terminationMessageFile: at('words'),
      terminationMessagePath: '/dev/termination-log',
      logFile: at('log'),
    });
    await running.exited;
    expect(readFileSync(at('log'), 'utf8')).toBe('seen\n');
    await chosen.launcher.discard(sandbox);
    await chosen.close();
  },
);
