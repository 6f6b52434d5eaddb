import { expect, test } from 'vitest';
import type { CancelSignal } from './cancel.ts';
import { asAbortSignal, Cancel } from './cancel.ts';

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
