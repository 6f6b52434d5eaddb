import { assert, constantFrom, integer, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { amountOf, amountText, canonicalQuantity, compareAmounts, NO_AMOUNT, parseQuantity, plus } from './mod.ts';

test.each([
  ['0.5', '500m'],
  ['1000m', '1'],
  ['1500', '1500'],
  ['2000', '2k'],
  ['1024Mi', '1Gi'],
  ['1000Mi', '1000Mi'],
  ['1.5Gi', '1536Mi'],
  ['1023', '1023'],
  ['0.5Ki', '512'],
  ['0.1Ki', '102400m'],
  ['2e3', '2e3'],
  ['12E-3', '12e-3'],
  ['1E', '1E'],
  ['0.0000000001', '1n'],
  ['-1500m', '-1500m'],
  ['0', '0'],
  [0.25, '250m'],
])('%j is written %s', (value, text) => expect(canonicalQuantity(value)).toBe(text));

test.each(['', '.', 'x', '1.5.2', '1 Gi', '1ki'])('%j is no quantity', (text) =>
  expect(amountOf(text)).toBeUndefined(),
);

test('a sum is written as what there was; nothing takes over the other’s way', () => {
  const [gi, plain] = [amountOf('1Gi') ?? NO_AMOUNT, amountOf('1M') ?? NO_AMOUNT];
  expect(amountText(plus(gi, plain))).toBe('1074741824');
  expect(amountText(plus(gi, gi))).toBe('2Gi');
  expect(amountText(plus(NO_AMOUNT, gi))).toBe('1Gi');
  expect(compareAmounts(gi, plain)).toBe(1);
});

const quantities = tuple(
  integer({ min: 0, max: 1e6 }),
  constantFrom('n', 'u', 'm', '', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3', 'e-3'),
).map(([number, suffix]) => `${number}${suffix}`);

test('the canonical text is the same amount, and stays as it is', () => {
  assert(
    property(quantities, (text) => {
      const canonical = canonicalQuantity(text);
      expect(amountOf(canonical)?.nano).toBe(amountOf(text)?.nano);
      expect(canonicalQuantity(canonical)).toBe(canonical);
      expect(parseQuantity(canonical)).toBeCloseTo(parseQuantity(text) ?? NaN, 6);
    }),
  );
});
