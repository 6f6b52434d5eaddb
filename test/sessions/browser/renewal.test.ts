import { expect, test } from 'vitest';
import { seeRenewal } from './renewal.ts';
import type { Visit } from './visit.ts';

/** A good visit by this connection, shown this certificate. */
function visit(connection: number, serial: string, status = 200, text = 'What a shop!'): Visit {
  return {
    answers: [{ url: 'https://a.test/', status, protocol: 'h2', connection }],
    state: 'secure',
    serial,
    text,
  };
}

/** Pages that are opened one after the other, each with its visits. */
function pages(...scripts: Visit[][]) {
  const open = scripts.map((visits) => [...visits]);
  let closed = 0;
  return {
    closed: () => closed,
    open: async () => {
      const visits = open.shift() ?? [];
      return {
        visit: async () => visits.shift() ?? expect.fail('one visit too many'),
        close: async () => void closed++,
      };
    },
  };
}

const patience = new AbortController().signal;

test('pages are opened until one has another serial number, and the one that stays keeps its connection', async () => {
  const script = pages([visit(1, 'A'), visit(1, 'A'), visit(1, 'A')], [visit(2, 'A')], [visit(3, 'B')]);
  expect(await seeRenewal('', script.open, patience)).toEqual({ renewed: true, visits: 5, sameConnection: true });
  expect(script.closed()).toBe(2);
});

test('a page that stays but had to connect again is told', async () => {
  const script = pages([visit(1, 'A'), visit(2, 'B')], [visit(3, 'B')]);
  expect(await seeRenewal('', script.open, patience)).toEqual({ renewed: true, visits: 3, sameConnection: false });
});

test.each([
  ['the first', [[visit(1, 'A', 503)]], 'visit 1: 503'],
  ['one anew', [[visit(1, 'A'), visit(1, 'A')], [visit(2, 'B', 503)]], 'visit 3: 503'],
  ['one that says something else', [[visit(1, 'A'), visit(1, 'A')], [visit(2, 'B', 200, 'None.')]], 'None.'],
  ['one of the page that stays', [[visit(1, 'A'), visit(1, 'A', 502)], [visit(2, 'B')]], 'visit 3: 502'],
])('one bad visit is enough to fail: %s', async (_, scripts, why) => {
  const renewal = await seeRenewal('', pages(...scripts).open, patience);
  expect(renewal).toEqual({ renewed: false, why: expect.stringContaining(why) });
});

test('nobody waits longer than patience lasts', async () => {
  const renewal = await seeRenewal('', pages([visit(1, 'A')]).open, AbortSignal.abort());
  expect(renewal).toEqual({ renewed: false, why: 'the certificate A was not made anew in time' });
});
