// A program for the test of kill -9: writes objects until it is killed. Prints each revision when it gives it out and again once it is acknowledged.

import { writeSync } from 'node:fs';
import { openObjectDatabase } from './sqlite-database.ts';

/** Small, so that a kill often falls between two blocks. */
const BLOCK = 20;

const database = await openObjectDatabase({ file: process.argv[2] ?? '' });
let next = database.firstRevision;
let through = next - 1;

for (;;) {
  if (next > through) await database.reserve((through = next + BLOCK - 1));
  const writes = Array.from({ length: Math.min(7, through - next + 1) }, () => write(next++));
  await Promise.all(writes);
}

async function write(revision: number): Promise<void> {
  writeSync(1, `given ${revision}\n`);
  await database.commit([{ put: { resource: 'pods', namespace: '', name: `p${revision}`, revision, body: '{}' } }]);
  writeSync(1, `kept ${revision}\n`);
}
