// One seed from beginning to end: producers, consumers that come and are paused, crashes, clock jumps, a disk that fills up.

import type { Random } from '#base/mod.ts';
import { messageOf, seededRandom, sleep, VirtualClock } from '#base/mod.ts';
import { between, isLucky, pick } from '../chance.ts';
import { Trace } from '../trace.ts';
import { EventLedger } from './ledger.ts';
import { castFor, EventsWorld } from './world.ts';

export interface EventsRunOptions {
  readonly seed: number;
  readonly isHasty?: boolean;
}

export interface EventsRunResult {
  readonly seed: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly deliveries: number;
  readonly duplicates: number;
  readonly crashes: number;
  readonly virtualMs: number;
  readonly breaches: readonly string[];
  readonly hash: string;
  /** What led to the first breach; empty where there is none. */
  readonly trace: readonly string[];
}

const BUSY_MS = 6000;
/** Within it everything is delivered once nobody fails any more: the longest wait for another try, and some more. */
const CALM_MS = 240_000;
const STEP_MS = 5;
const CALM_STEP_MS = 100;
const DAY_MS = 86_400_000;

export async function runEvents({ seed, isHasty = false }: EventsRunOptions): Promise<EventsRunResult> {
  const clock = new VirtualClock();
  const random = seededRandom(seed);
  const trace = new Trace(clock);
  const ledger = new EventLedger(clock);
  const world = new EventsWorld({ clock, random, ledger, trace, isHasty });
  const began = clock.now();
  const act = async () => {
    await world.begin();
    const cast = castFor(random);
    trace.note('', `with ${cast.join(', ')}`);
    for (const name of cast) await world.set(name);
    const until = clock.monotonic() + BUSY_MS;
    const stage = { world, clock, random, ledger, trace, until };
    const producers = Array.from({ length: between(random, 1, 4) }, (_, i) => produce(stage, `p${i}`));
    await Promise.all([...producers, trouble(stage, cast)]);
    world.isHealed = true;
    for (const name of cast) await world.set(name, { paused: false });
    await sleep(clock, CALM_MS);
    if ((await world.unfinished()) > 0) ledger.breach(`${await world.unfinished()} deliveries have no end`);
    if ((await world.kept()) > 0) ledger.breach(`${await world.kept()} events are kept that nobody needs`);
    await world.close();
    ledger.judge();
  };
  await passing(clock, act(), () => (world.isHealed ? CALM_STEP_MS : STEP_MS)).catch((error: unknown) =>
    ledger.breach(messageOf(error)),
  );
  const all = [...ledger.sent.values()];
  return {
    seed,
    sent: all.length,
    acknowledged: all.filter(({ outcome }) => outcome === 'acknowledged').length,
    deliveries: ledger.deliveries,
    duplicates: ledger.duplicates,
    crashes: world.crashes,
    virtualMs: clock.now() - began,
    breaches: ledger.breaches,
    hash: trace.hash,
    trace: ledger.breaches.length > 0 ? trace.last(200) : [],
  };
}

interface Stage {
  readonly world: EventsWorld;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly ledger: EventLedger;
  readonly trace: Trace;
  readonly until: number;
}

/** Sends one event after another, and waits for each answer. */
async function produce({ world, clock, random, ledger, trace, until }: Stage, key: string): Promise<void> {
  const pace = between(random, 2, 60);
  for (let number = 0; clock.monotonic() < until; number++) {
    const type = pick(random, ['a', 'b']);
    const id = `${key}-${number}`;
    ledger.sent.set(id, { id, type, key, number, at: clock.monotonic(), outcome: 'under way' });
    // A connection that breaks gives no answer at all.
    const status = await Promise.race([world.post(id, type, key), world.brokenOff]);
    const sent = ledger.sent.get(id);
    if (sent && status !== undefined) sent.outcome = status === 202 ? 'acknowledged' : 'refused';
    trace.note(key, `${id} ${status ?? 'no answer'}`);
    await sleep(clock, between(random, 0, 2 * pace));
  }
}

/** Whatever may go wrong, now and then. */
async function trouble(stage: Stage, cast: readonly string[]): Promise<void> {
  const { world, clock, random, until } = stage;
  while (clock.monotonic() < until) {
    await sleep(clock, between(random, 50, 1500));
    const chance = random.next();
    if (chance < 0.5) await restart(stage);
    else if (chance < 0.65) world.jump(between(random, -DAY_MS, DAY_MS));
    else if (chance < 0.8) await pause(stage, pick(random, cast));
    else if (chance < 0.9) await fillUp(stage);
    else await world.set(pick(random, ['steady', 'chosen', 'keyed', 'slow']));
  }
}

async function restart({ world, clock, random }: Stage): Promise<void> {
  world.crash();
  await sleep(clock, between(random, 1, 300));
  await world.begin();
}

async function pause({ world, clock, random }: Stage, name: string): Promise<void> {
  await world.set(name, { paused: true });
  await sleep(clock, between(random, 1, 1000));
  await world.set(name, { paused: false });
}

async function fillUp({ world, clock, random }: Stage): Promise<void> {
  world.fill(between(random, 0, 20_000));
  await sleep(clock, between(random, 1, 500));
  world.fill(undefined);
  if (isLucky(random, 0.5)) world.crash();
  else return;
  await world.begin();
}

/** Moves time in small steps until it is done: work on the disk takes turns of the event loop, too. */
async function passing<T>(clock: VirtualClock, doing: Promise<T>, stepMs: () => number): Promise<T> {
  const state = { isDone: false };
  const done = doing.finally(() => (state.isDone = true));
  done.catch(() => undefined);
  for (let steps = 0; !state.isDone; steps++) {
    if (steps > MAX_STEPS) throw new Error('the run has no end');
    await clock.advance(stepMs());
  }
  return done;
}

const MAX_STEPS = 200_000;
