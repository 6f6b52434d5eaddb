// The program of the log's bench for what runs inside a process: `node embedded.ts WHAT FOLDER IN_FLIGHT SECONDS`, WHAT being `ebb`,
// `sqlite`, `fill` or `drain`. Says its figures as a line of JSON.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '#base/mod.ts';
import type { EventLog } from '#events/mod.ts';
import { openDiskLog } from '#events/mod.ts';
import { nodeDisk } from '#storage/mod.ts';
import { closedLoop, payload, WARM_UP_MS } from './load.ts';

const [what = '', folder = '', inFlight = '64', seconds = '3'] = process.argv.slice(2);

async function openLog(): Promise<EventLog> {
  return openDiskLog({ disk: await nodeDisk(join(folder, 'log')), clock: systemClock });
}

async function ebb(): Promise<object> {
  const log = await openLog();
  const record = { payload: payload() };
  const figures = await measured(() => log.append('bench', record));
  await log.close();
  return figures;
}

/** Rows that came in one turn of the loop are one transaction, as the log's are one batch. */
async function sqlite(): Promise<object> {
  const database = new DatabaseSync(join(folder, 'log.db'));
  database.exec(
    'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE log (at INTEGER PRIMARY KEY, payload BLOB)',
  );
  const insert = database.prepare('INSERT INTO log (payload) VALUES (?)');
  let waiting: (() => void)[] = [];
  const bytes = payload();
  const commit = () => {
    const now = waiting;
    waiting = [];
    database.exec('BEGIN');
    for (let n = 0; n < now.length; n++) insert.run(bytes);
    database.exec('COMMIT');
    for (const resolve of now) resolve();
  };
  const figures = await measured(
    () =>
      new Promise<void>((resolve) => {
        if (waiting.push(resolve) === 1) setImmediate(commit);
      }),
  );
  database.close();
  return figures;
}

async function measured(append: () => Promise<unknown>): Promise<object> {
  let before = process.cpuUsage();
  setTimeout(() => (before = process.cpuUsage()), WARM_UP_MS);
  const figures = await closedLoop(append, Number(inFlight), Number(seconds));
  const { user, system } = process.cpuUsage(before);
  return { ...figures, cpuSeconds: (user + system) / 1e6 };
}

const BACKLOG = 1_000_000;
/** As dispatch reads. */
const READ = { records: 256, bytes: 2 ** 20 };

/** A million records that wait. */
async function fill(): Promise<object> {
  const log = await openLog();
  const records = Array.from({ length: 100 }, () => ({ payload: payload() }));
  const began = performance.now();
  for (let n = 0; n < BACKLOG; n += records.length * 10) {
    await Promise.all(Array.from({ length: 10 }, () => log.appendAll('bench', records)));
  }
  const took = (performance.now() - began) / 1000;
  await log.close();
  return { recordsPerSecond: BACKLOG / took };
}

/** All of them read by a process that begins anew, as by a consumer that was away. */
async function drain(): Promise<object> {
  const log = await openLog();
  const began = performance.now();
  let records = 0;
  let megabytes = 0;
  for (;;) {
    const found = await log.read('bench', records, READ);
    if (found.length === 0) break;
    records += found.length;
    if (records % 20_000 < found.length) megabytes = Math.max(megabytes, process.memoryUsage().rss / 2 ** 20);
  }
  const took = (performance.now() - began) / 1000;
  await log.close();
  if (records !== BACKLOG) throw new Error(`${BACKLOG} records were written, but ${records} were read`);
  return { recordsPerSecond: records / took, megabytes };
}

const programs: Readonly<Record<string, () => Promise<object>>> = { ebb, sqlite, fill, drain };
const program = programs[what];
if (!program) throw new Error(`expected one of ${Object.keys(programs).join(', ')}, but was told ${what}`);
process.stdout.write(`${JSON.stringify(await program())}\n`);
