import { expect, test } from 'vitest';
import type { AttributeValue } from './event.ts';
import { ttlOnArrival } from './time-to-live.ts';

test.each<[AttributeValue | undefined, number]>([
  [undefined, 255],
  ['', 255],
  ['many', 255],
  ['1.5', 255],
  [true, 255],
  ['2147483648', 255],
  ['255', 254],
  [12, 11],
  ['2', 1],
  ['1', 0],
  ['0', 0],
  ['-7', 0],
])('%j hops leave %i', (carried, left) => {
  const attributes = new Map(carried === undefined ? [] : [['knativebrokerttl', carried] as const]);
  expect(ttlOnArrival({ attributes, data: undefined })).toBe(left);
});
