// What the log owes after the power went: the same script again and again, with the power gone in the middle of each step in turn,
// and with all, nothing, or any part of what was not synced kept.

import { describe, expect, test } from 'vitest';
import { seededRandom, VirtualClock } from '#base/mod.ts';
import type { Kept } from '#storage/mod.ts';
import { SimulatedDisk } from '#storage/mod.ts';
import type { EventLog } from '../log.ts';
import { openDiskLog } from './disk-log.ts';

const ALL = { records: 1e6, bytes: 1e9 };
const STREAM = 's';
const OTHER = 'other';

/** What was asked for and what was answered. Texts are unique, so that what is found tells where it came from. */
interface Account {
  /** By text: the offset once acknowledged. */
  readonly appended: Map<string, number | undefined>;
  /** Every value that a mark was asked to have, in order; and which of them was acknowledged last. */
  readonly marks: string[];
  lastMark: number;
  trimAsked: number;
  trimDone: number;
  dropAsked: boolean;
  dropDone: boolean;
  /** Texts that were appended to the other stream after the drop was asked for. */
  readonly afterDrop: Set<string>;
  readonly others: Map<string, number | undefined>;
}

function newAccount(): Account {
  return {
    appended: new Map(),
    marks: [],
    lastMark: -1,
    trimAsked: 0,
    trimDone: 0,
    dropAsked: false,
    dropDone: false,
    afterDrop: new Set(),
    others: new Map(),
  };
}

function openLog(disk: SimulatedDisk, seed: number): Promise<EventLog> {
  const random = seededRandom(seed);
  const salt = () => Math.floor(random.next() * 2 ** 32);
  return openDiskLog({ disk, clock: new VirtualClock(), segmentBytes: 1500, salt });
}

const payloadOf = (text: string) => Buffer.from(text.padEnd(text.length + (text.length % 7) * 60, '.'));
const textOf = (payload: Uint8Array) => Buffer.from(payload).toString().replace(/\.+$/, '');

/** Appends, marks, trims and a drop, some of them at once; ends early where the power goes. */
async function script(disk: SimulatedDisk, account: Account): Promise<void> {
  const log = await openLog(disk, 1);
  const append = async (text: string, stream = STREAM, into = account.appended) => {
    into.set(text, undefined);
    into.set(text, await log.append(stream, { payload: payloadOf(text), key: text.slice(0, 2) }));
  };
  const mark = async (value: string) => {
    const at = account.marks.push(value) - 1;
    await log.saveMarks(STREAM, new Map([['cursor', Buffer.from(value)]]));
    account.lastMark = Math.max(account.lastMark, at);
  };
  const trim = async (before: number) => {
    account.trimAsked = Math.max(account.trimAsked, before);
    await log.trim(STREAM, before);
    account.trimDone = Math.max(account.trimDone, before);
  };
  for (let round = 0; round < 6; round++) {
    const texts = Array.from({ length: 5 }, (_, n) => `${round}-${n}-${'x'.repeat(n * round)}`);
    await Promise.all([
      ...texts.map((text) => append(text)),
      mark(`m${round}`),
      append(`o${round}`, OTHER, account.others),
    ]);
    await append(`alone-${round}`);
    if (round % 2 === 1) await trim(round * 4);
    await mark(`n${round}`);
  }
  account.dropAsked = true;
  const dropped = log.drop(OTHER).then(() => (account.dropDone = true));
  account.afterDrop.add('new');
  await Promise.all([dropped, append('new', OTHER, account.others)]);
  await log.close();
}

/** Holds what is found against what was asked for and answered. */
async function check(log: EventLog, account: Account): Promise<void> {
  const records = await log.read(STREAM, 0, ALL);
  const { first, next } = await log.bounds(STREAM);
  expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: next - first }, (_, n) => first + n));
  expect(first).toBeGreaterThanOrEqual(account.trimDone);
  expect(first).toBeLessThanOrEqual(account.trimAsked);
  const texts = records.map(({ payload }) => textOf(payload));
  expect(new Set(texts).size).toBe(texts.length);
  for (const text of texts) expect(account.appended.has(text)).toBe(true);
  for (const [text, offset] of account.appended) {
    if (offset !== undefined && offset >= first) expect(texts[offset - first]).toBe(text);
  }
  const cursor = (await log.loadMarks(STREAM)).get('cursor');
  const at = cursor === undefined ? -1 : account.marks.indexOf(Buffer.from(cursor).toString());
  expect(at).toBeGreaterThanOrEqual(account.lastMark);
  await checkOther(log, account);
}

async function checkOther(log: EventLog, account: Account): Promise<void> {
  const texts = (await log.read(OTHER, 0, ALL)).map(({ payload }) => textOf(payload));
  const isNew = texts.some((text) => account.afterDrop.has(text));
  if (account.dropDone) expect(texts.filter((text) => !account.afterDrop.has(text))).toEqual([]);
  for (const [text, offset] of account.others) {
    if (offset === undefined) continue;
    if (account.afterDrop.has(text) || !account.dropAsked) expect(texts[offset]).toBe(text);
  }
  if (isNew) expect(texts).toEqual([...account.afterDrop]);
}

/** The log works after it was found: it takes records behind those that were there. */
async function goOn(log: EventLog, account: Account, text: string): Promise<void> {
  const { next } = await log.bounds(STREAM);
  account.appended.set(text, undefined);
  const offset = await log.append(STREAM, { payload: payloadOf(text) });
  expect(offset).toBe(next);
  account.appended.set(text, offset);
}

async function countSteps(): Promise<number> {
  const disk = new SimulatedDisk();
  const account = newAccount();
  await script(disk, account);
  await check(await openLog(disk.crash('nothing'), 2), account);
  return disk.steps;
}

const kinds: readonly (readonly [string, (step: number) => Kept])[] = [
  ['nothing', () => 'nothing'],
  ['everything', () => 'everything'],
  ['any part', (step) => seededRandom(step)],
  ['any other part', (step) => seededRandom(step + 1e6)],
];

describe.each(kinds)('where a crash keeps %s of what was not synced', (_, kept) => {
  test('everything acknowledged is there, in order and once, whatever step the power went in', async () => {
    const steps = await countSteps();
    expect(steps).toBeGreaterThan(100);
    for (let step = 0; step < steps; step++) {
      const account = newAccount();
      const disk = new SimulatedDisk({ crashAt: step });
      await script(disk, account).catch(() => undefined);
      const log = await openLog(disk.crash(kept(step)), 3);
      await check(log, account).catch((error: unknown) => {
        throw new Error(`power gone in step ${step}`, { cause: error });
      });
      await goOn(log, account, 'after');
      await check(log, account);
      await log.close();
    }
  });
});

test('a second crash while the log finds itself again, or just after, loses no more than the first', async () => {
  const steps = await countSteps();
  const random = seededRandom(5);
  for (let step = 0; step < steps; step += 3) {
    const account = newAccount();
    const disk = new SimulatedDisk({ crashAt: step });
    await script(disk, account).catch(() => undefined);
    let found = disk.crash(random);
    for (let again = 0; again < 3; again++) {
      found.crashAt = Math.floor(random.next() * 12);
      const crashing = found;
      await (async () => {
        const log = await openLog(crashing, 10 + again);
        await goOn(log, account, `again-${again}`);
        await log.close();
      })().catch(() => undefined);
      found = found.crash(random);
    }
    await check(await openLog(found, 4), account).catch((error: unknown) => {
      throw new Error(`power gone in step ${step}`, { cause: error });
    });
  }
});

test('what a killed process wrote and did not sync is not shown before it is durable', async () => {
  const steps = await countSteps();
  for (let step = 0; step < steps; step += 2) {
    const account = newAccount();
    const disk = new SimulatedDisk({ crashAt: step });
    await script(disk, account).catch(() => undefined);
    const killed = disk.abandon();
    const log = await openLog(killed, 6);
    const shown = (await log.read(STREAM, 0, ALL)).map(({ offset, payload }) => [offset, textOf(payload)]);
    const again = await openLog(killed.crash('nothing'), 7);
    const { first } = await again.bounds(STREAM);
    const kept = (await again.read(STREAM, 0, ALL)).map(({ offset, payload }) => [offset, textOf(payload)]);
    expect(kept).toEqual(shown.filter(([offset]) => Number(offset) >= first));
    await check(again, account);
  }
});
