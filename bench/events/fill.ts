// A backlog for the events' bench: `node fill.ts FOLDER STREAM COUNT` lays events on the log of a data folder, as the ingress of a Broker
// would have laid them.

import { join } from 'node:path';
import { systemClock } from '#base/mod.ts';
import type { AttributeValue } from '#events/mod.ts';
import { encodeRecord, openDiskLog } from '#events/mod.ts';
import { nodeDisk } from '#storage/mod.ts';
import { attributes, BODY } from './wire.ts';

const AT_ONCE = 500;

const [folder = '', stream = '', count = '0'] = process.argv.slice(2);
const log = await openDiskLog({ disk: await nodeDisk(join(folder, 'events')), clock: systemClock });
const data = Buffer.from(BODY);

function recordOf(number: number): { payload: Uint8Array } {
  const arrived = { knativearrivaltime: '2026-04-05T17:31:00.223Z', knativebrokerttl: 255 };
  const named = Object.entries({ datacontenttype: 'application/json', ...arrived });
  const event = { attributes: new Map<string, AttributeValue>([...attributes(number), ...named]), data };
  return { payload: encodeRecord({ event, headers: [] }) };
}

for (let first = 0; first < Number(count); first += AT_ONCE) {
  const length = Math.min(AT_ONCE, Number(count) - first);
  await log.appendAll(
    stream,
    Array.from({ length }, (_, nth) => recordOf(first + nth)),
  );
}
await log.close();
