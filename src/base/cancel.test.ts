import { describe, expect, test } from 'vitest';
import type { CancelSignal } from './cancel.ts';
import { asAbortSignal, Cancel, within } from './cancel.ts';
import { VirtualClock } from './virtual-clock.ts';

const signals: readonly (readonly [string, () => { signal: CancelSignal; abort(reason: unknown): void }])[] = [
  [
    'of its own',
    () => {
      const signal = new Cancel();
      return { signal, abort: (reason) => signal.abort(reason) };
    },
  ],
  [
    'an AbortController',
    () => {
      const controller = new AbortController();
      return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
    },
  ],
];

test.each(signals)('a signal tells those who listen, once: %s', (_, make) => {
  const { signal, abort } = make();
  const heard: string[] = [];
  const gone = () => void heard.push('gone');
  signal.addEventListener('abort', () => void heard.push('stays'), { once: true });
  signal.addEventListener('abort', gone, { once: true });
  signal.removeEventListener('abort', gone);
  expect(signal.aborted).toBe(false);
  const why = new Error('over');
  abort(why);
  abort(new Error('again'));
  signal.addEventListener('abort', () => void heard.push('late'), { once: true });
  expect([signal.aborted, signal.reason, heard]).toEqual([true, why, ['stays']]);
});

test.each(signals)('an AbortSignal tells the same: %s', (_, make) => {
  const { signal, abort } = make();
  const { signal: same } = asAbortSignal(signal);
  const why = new Error('over');
  abort(why);
  expect([same.aborted, same.reason]).toEqual([true, why]);
  expect(asAbortSignal(signal).signal.aborted).toBe(true);
});

test('who has let go is not told', () => {
  const cancel = new Cancel();
  const { signal, letGo } = asAbortSignal(cancel);
  letGo();
  cancel.abort(new Error('over'));
  expect(signal.aborted).toBe(false);
});

describe('work within a time', () => {
  const waits = (signal: CancelSignal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  test('has its result, and leaves no timer', async () => {
    const clock = new VirtualClock();
    expect(await within(clock, 1000, new Cancel(), () => Promise.resolve(7))).toBe(7);
    expect(clock.nextDue).toBeUndefined();
  });

  test('is told when it is over', async () => {
    const clock = new VirtualClock();
    const late = expect(within(clock, 1000, new Cancel(), waits)).rejects.toThrow('no answer within 1000 ms');
    await clock.advance(1000);
    await late;
  });

  test('is told what its caller is told', async () => {
    const caller = new Cancel();
    const broken = expect(within(new VirtualClock(), 1000, caller, waits)).rejects.toThrow('not wanted');
    caller.abort(new Error('not wanted'));
    await broken;
  });
});
