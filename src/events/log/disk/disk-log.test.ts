import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { nodeDisk, SimulatedDisk } from '#storage/mod.ts';
import { eventLogContract } from '../../../../test/contracts/event-log.ts';
import { openDiskLog } from './disk-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'ebb-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let places = 0;

describe("on the system's disk", () =>
  eventLogContract(async () => {
    const clock = new VirtualClock();
    const disk = await nodeDisk(join(folder, String(places++)));
    return { clock, open: (bounds) => openDiskLog({ disk, clock, ...bounds }) };
  }));

describe('with segments so small that each stream has many', () =>
  eventLogContract(async () => {
    const clock = new VirtualClock();
    const disk = new SimulatedDisk();
    return { clock, open: (bounds) => openDiskLog({ disk, clock, segmentBytes: 1024, openFiles: 2, ...bounds }) };
  }));
