import { assert, property, stringMatching } from 'fast-check';
import { expect, test } from 'vitest';
import { childName } from './child-name.ts';

test.each([
  ['short', '-x', 'short-x'],
  ['r'.repeat(57), '-00001', `${'r'.repeat(57)}-00001`],
  ['r'.repeat(58), '-00001', `${'r'.repeat(25)}2a073bdc7b5acee4cfd07d826e9a530f-00001`],
  ['p'.repeat(63), '-deployment', `${'p'.repeat(20)}d589298c9732d002373545aecabd1105-deployment`],
  ['p'.repeat(33), `-${'s'.repeat(30)}`, `${'p'.repeat(31)}11f4d8aecf104f3c36016c1f92eabdda`],
  ['abc', `-${'s'.repeat(62)}`, `abc25d1359030cc8c43faeb76a1141ac84e-${'s'.repeat(27)}`],
  ['ab', `${'a'.repeat(28)}${'-'.repeat(40)}`, `ab9e58ba35ec9b048d1ea35de9fc9dc61a${'a'.repeat(28)}`],
])('the child of %s with %s', (parent, suffix, name) => {
  expect(childName(parent, suffix)).toBe(name);
});

test('a child’s name always fits, and ends as a name may', () => {
  const word = stringMatching(/^[a-z0-9]([-a-z0-9]{0,80}[a-z0-9])?$/);
  assert(
    property(word, word, (parent, suffix) => {
      const name = childName(parent, `-${suffix}`);
      expect(name.length).toBeLessThanOrEqual(63);
      expect(name).toMatch(/[a-z0-9]$/);
      expect(childName(parent, `-${suffix}`)).toBe(name);
    }),
  );
});
