import { expect, test } from 'vitest';
import { listeningFor, machineNames, isLoopback } from './listening.ts';

const machine = { hostname: 'box', addresses: ['192.168.1.5', 'fd00::5'] };

test.each(['127.0.0.1', 'localhost', '::1', '127.0.0.2'])(
  '%s is this machine only, and nothing is to be told',
  (host) => {
    expect(listeningFor({ host, plainHttp: false }, machine)).toEqual({
      local: host,
      side: host,
      open: host,
      plain: host,
      localPlain: host,
      fronts: [],
      names: [],
      notices: [],
    });
  },
);

test.each([
  [
    '0.0.0.0',
    false,
    { local: '127.0.0.1', open: '0.0.0.0', plain: '127.0.0.1', fronts: ['192.168.1.5'], names: ['192.168.1.5', 'box'] },
  ],
  ['0.0.0.0', true, { plain: '0.0.0.0' }],
  ['::', false, { local: '127.0.0.1', open: '::', fronts: ['192.168.1.5', 'fd00::5'] }],
  [
    '192.168.1.5',
    false,
    { local: '192.168.1.5', open: '192.168.1.5', plain: '127.0.0.1', side: '127.0.0.1', fronts: ['192.168.1.5'] },
  ],
  ['192.168.1.5', true, { plain: '192.168.1.5' }],
])('%s, plain http %s', (host, plainHttp, expected) => {
  const found = listeningFor({ host, plainHttp }, machine);
  expect(found).toMatchObject(expected);
  expect(found.notices.join('\n')).toContain(plainHttp ? 'can be read along' : '--plain-http opens both');
});

test('an address that is not of this machine is refused, with those that are', () => {
  expect(() => listeningFor({ host: '10.0.0.1', plainHttp: false }, machine)).toThrow(
    '--listen 10.0.0.1 is no address of this machine; it has 127.0.0.1, 192.168.1.5, fd00::5. 0.0.0.0 stands for all.',
  );
});

test('the machine is never known by its loopback', () => {
  expect(machineNames().addresses.filter(isLoopback)).toEqual([]);
});
