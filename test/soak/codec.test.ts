// A thousandth of the soak; `npm run soak -- codec` is the whole.

import { expect, test } from 'vitest';
import { soakCodec } from './codec.ts';

test('events come back from every mode as they were', () => {
  const { events, wrong } = soakCodec({ events: 1000, seed: 7, say: () => {} });
  expect(wrong).toEqual([]);
  expect(events).toBe(1000);
});
