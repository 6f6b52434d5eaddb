// Gives the disk under the beginning of a file back while others write to its end: the bytes go, their offsets stay. Nothing that
// is written meanwhile can be lost, as it could where a file is copied and cut.

import { spawn } from 'node:child_process';

/** Frees the disk under the bytes before `upTo`; they are nothing but zeros from then on. False where the system cannot. */
export type Punch = (file: string, upTo: number) => Promise<boolean>;

/** By util-linux' tool, for Node has no call for it (fallocate(2), FALLOC_FL_PUNCH_HOLE). */
export const punchByTool: Punch = (file, upTo) =>
  new Promise((resolve) => {
    if (process.platform !== 'linux') return resolve(false);
    const args = ['--punch-hole', '--offset', '0', '--length', String(upTo), file];
    const child = spawn('fallocate', args, { stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0));
  });
