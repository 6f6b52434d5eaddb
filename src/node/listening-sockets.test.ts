import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import type { ListeningSockets } from './listening-sockets.ts';
import { Listening, listeningSockets, rowsOf } from './listening-sockets.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (local: string, state: string, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000 100 0 0 10 0`;
const ANY6 = '0'.repeat(32);

describe('the rows of a list', () => {
  test.each([
    ['of any address of IPv4', '00000000:1F90', '0A', [[8080, { inode: '7', isOnLoopback: true }]]],
    ['of loopback', '0100007F:1F90', '0A', [[8080, { inode: '7', isOnLoopback: true }]]],
    ['of another address', '0200000A:1F90', '0A', [[8080, { inode: '7', isOnLoopback: false }]]],
    ['of any address of IPv6', `${ANY6}:0050`, '0A', [[80, { inode: '7', isOnLoopback: true }]]],
    [
      'of loopback of IPv4 within IPv6',
      '0000000000000000FFFF00000100007F:0050',
      '0A',
      [[80, { inode: '7', isOnLoopback: true }]],
    ],
    [
      'of loopback of IPv6, where IPv4 does not come',
      `${'0'.repeat(24)}01000000:0050`,
      '0A',
      [[80, { inode: '7', isOnLoopback: false }]],
    ],
    ['of a connection', '0100007F:1F90', '01', []],
  ])('%s', (_, local, state, rows) => {
    expect(rowsOf(`${HEAD}\n${row(local, state, 7)}\n`)).toEqual(rows);
  });

  test('of a list that is not there are none', () => {
    expect(rowsOf('')).toEqual([]);
  });
});

test('one look serves all that ask within a moment, and a long one for longer', async () => {
  const clock = new VirtualClock(0);
  let [looks, tookMs] = [0, 0];
  const sockets: ListeningSockets = new Map();
  const slow = { monotonic: () => clock.monotonic() + looks * tookMs };
  const listening = new Listening(slow, () => (looks++, sockets));
  const looksAt = async (...times: number[]) => {
    const counts: number[] = [];
    for (const ms of times) {
      await clock.advance(ms - clock.now());
      expect(listening.sockets).toBe(sockets);
      counts.push(looks);
    }
    return counts;
  };
  expect(await looksAt(0, 39, 40, 79, 80)).toEqual([1, 1, 2, 2, 3]);
  tookMs = 100;
  looks = 0;
  expect(await looksAt(200, 349, 350)).toEqual([1, 1, 2]);
  listening.forget();
  expect(await looksAt(351)).toEqual([3]);
});

describe.runIf(process.platform === 'linux')('on this machine', () => {
  test.each(['127.0.0.1', '0.0.0.0', '::'])(
    'a program that listens at %s is found until it does no more',
    async (host) => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, host, resolve));
      const { port } = server.address() as AddressInfo;
      expect(listeningSockets()?.get(port)).toMatchObject({ isOnLoopback: true });
      await new Promise((resolve) => server.close(resolve));
      expect(listeningSockets()?.has(port)).not.toBe(true);
    },
  );
});
