import { expect, test } from 'vitest';
import { USUAL_CAPABILITIES } from './capabilities.ts';
import { rightsOf } from './running.ts';

const root = { uid: 0, gid: 0, groups: [] };
const usual = { capabilities: USUAL_CAPABILITIES, noNewPrivileges: true, seccomp: 'RuntimeDefault' };

test.each<[string, Parameters<typeof rightsOf>[0], object]>([
  ['asks for nothing', {}, { ...usual, user: root }],
  ['asks for a user', { user: { uid: 1000, gid: 0 } }, { ...usual, user: { ...root, uid: 1000 } }],
  [
    'asks for a user with groups',
    { user: { uid: 1000, gid: 7, groups: [8] } },
    { ...usual, user: { uid: 1000, gid: 7, groups: [8] } },
  ],
  [
    'asks for fewer rights',
    { rights: { capabilities: [], noNewPrivileges: true, seccomp: 'RuntimeDefault' } },
    { ...usual, capabilities: [], user: root },
  ],
  [
    'was noted by an earlier version',
    { rights: { seccomp: 'Unconfined' } },
    { ...usual, seccomp: 'Unconfined', user: root },
  ],
])('the rights of a container that %s', (_, asked, wanted) => {
  expect(rightsOf(asked)).toEqual(wanted);
});
