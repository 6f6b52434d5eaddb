import { expect, test } from 'vitest';
import { capabilitiesOf, maskOf, USUAL_CAPABILITIES } from './capabilities.ts';

test.each([
  [[], [], 0xa80425fbn],
  [['NET_ADMIN'], [], 0xa80435fbn],
  [['CAP_net_admin'], ['ALL'], 0x1000n],
  [['ALL'], ['CHOWN'], 0x1fffffffffen],
  [[], ['ALL'], 0n],
  [['CHOWN'], ['CHOWN'], 0xa80425fan],
])('with %j added and %j dropped', (add, drop, mask) => {
  const found = capabilitiesOf(add, drop);
  expect('kept' in found ? maskOf(found.kept) : found).toBe(mask);
});

test('a name that is none is told as it was written', () => {
  expect(capabilitiesOf(['CHOWN'], ['Wings'])).toEqual({ unknown: 'Wings' });
  expect(USUAL_CAPABILITIES).toHaveLength(14);
});
