// The programs of the events' bench that run on the load's own core: `node program.ts WHAT ORDER`, ORDER as JSON. `publish` and `deliver`
// say their figures as a line of JSON; `receive` says its port, and for each line that it is told how many events it got since.

import { createInterface } from 'node:readline';
import type { Load, Published } from './load.ts';
import { publish, Stopwatch } from './load.ts';
import type { Latencies } from './load.ts';
import { SUBSCRIBERS, takePosts } from './subscribe.ts';

export interface DeliverOrder {
  readonly load: Load;
  /** Where a subscriber of HTTP listens; of the server where it asks for events. */
  readonly subscriberPort: number;
}

export interface Delivered {
  readonly published: Published;
  /** Milliseconds from the moment an event was to be sent to the last byte of it at the subscriber. */
  readonly delivery: Latencies;
  readonly delivered: number;
}

export interface Received {
  readonly events: number;
  readonly different: number;
}

const say = (value: unknown) => void process.stdout.write(`${JSON.stringify(value)}\n`);

/** Publisher and subscriber in one process, so that both have one clock. */
async function deliver({ load, subscriberPort }: DeliverOrder): Promise<Delivered> {
  const sent: number[] = [];
  const times = new Stopwatch();
  const counted = { from: Infinity };
  await SUBSCRIBERS[load.protocol](subscriberPort, (number) => {
    const since = sent[number];
    if (since === undefined || since < counted.from) return;
    times.note(performance.now() - since);
    sent[number] = Number.NEGATIVE_INFINITY;
  });
  counted.from = performance.now() + load.warmUpSeconds * 1000;
  const published = await publish(load, (number, since) => (sent[number] = since));
  return { published, delivery: times.read(), delivered: times.count };
}

async function receive(): Promise<void> {
  let events = 0;
  let seen = new Set<number>();
  const port = await takePosts(0, (number) => {
    events++;
    seen.add(number);
  });
  say(port);
  createInterface({ input: process.stdin }).on('line', (word) => {
    say({ events, different: seen.size } satisfies Received);
    if (word !== 'reset') return;
    events = 0;
    seen = new Set();
  });
}

const [what = '', order = '{}'] = process.argv.slice(2);
if (what === 'receive') await receive();
else {
  say(what === 'deliver' ? await deliver(JSON.parse(order) as DeliverOrder) : await publish(JSON.parse(order) as Load));
  process.exit();
}
