// The ledger finds what it is there to find: what was lost, what came too early, and what came again without an excuse.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Role } from './cast.ts';
import { ROLES, roleNamed, rolesOf, TYPES } from './cast.ts';
import { Ledger, replyTo } from './ledger.ts';

const role = (name: string) => roleNamed.get(name) as Role;

let now = 0;
let ledger: Ledger;
beforeEach(() => {
  now = 1000;
  ledger = new Ledger(() => now);
});

function acknowledged(id: string, type: string): void {
  const [key = '', number] = id.split('-');
  ledger.send(id, { key, number: Number(number), type });
  ledger.answered(id, 'acknowledged');
}

function take(name: string, id: string, life = 0, where: 'take' | 'bury' = 'take'): void {
  ledger.begin(role(name), id, life)();
  ledger.take(role(name), id, life, where);
}

const killed = (isDone: boolean, committedAt = now) => ledger.killed(now, { committedAt, isDone: () => isDone });

test('each type is matched by two roles, and there are twenty', () => {
  expect(ROLES).toHaveLength(20);
  expect([...TYPES, 'reply'].map((type) => rolesOf(type).length)).toEqual([...TYPES, 'reply'].map(() => 2));
});

describe('what is missing', () => {
  test('an acknowledged event that a role did not take, and nothing else', () => {
    acknowledged('p1-1', 't8');
    ledger.send('p1-2', { key: 'p1', number: 2, type: 't8' });
    ledger.answered('p1-2', 'unanswered');
    take('not-other', 'p1-1');
    expect(ledger.missing()).toEqual(['flaky never got p1-1']);
    take('flaky', 'p1-1', 0, 'bury');
    expect(ledger.missing()).toEqual([]);
  });

  test('a reply that was given', () => {
    ledger.replied('p1-1');
    take('audience', replyTo('p1-1'));
    expect(ledger.missing()).toEqual(['failing-audience never got p1-1/reply']);
  });
});

describe('order', () => {
  test('the next of a key waits for the one before; other keys do not', () => {
    acknowledged('p1-1', 't0');
    acknowledged('p1-2', 't0');
    acknowledged('p2-1', 't0');
    take('keyed', 'p2-1');
    take('keyed', 'p1-2');
    take('keyed', 'p1-1');
    expect(ledger.overtaken).toEqual([
      'keyed: p1-2 was sent before p1-1 was taken',
      'keyed: p1-1 came after number 2 of its key',
    ]);
  });

  test('one at a time, of a life', () => {
    acknowledged('p1-1', 't5');
    const over = ledger.begin(role('ordered'), 'p1-1', 0);
    ledger.take(role('ordered'), 'p1-1', 0, 'take');
    acknowledged('p2-1', 't5');
    ledger.begin(role('ordered'), 'p2-1', 0);
    expect(ledger.overtaken).toEqual(['ordered: p2-1 was sent while p1-1 was under way']);
    over();
  });

  test('an event of which nobody knew whether it was kept has its place, too', () => {
    ledger.send('p1-1', { key: 'p1', number: 1, type: 't0' });
    ledger.answered('p1-1', 'unanswered');
    acknowledged('p1-2', 't0');
    take('keyed', 'p1-2');
    take('keyed', 'p1-1');
    expect(ledger.overtaken).toEqual(['keyed: p1-1 came after number 2 of its key']);
  });
});

describe('twice', () => {
  beforeEach(() => acknowledged('p1-1', 't0'));

  test('is wrong without a kill between', () => {
    take('plain', 'p1-1');
    take('plain', 'p1-1');
    expect(ledger.repeatedWrongly).toEqual([expect.stringContaining('no kill lies between')]);
  });

  test('is as it must be where the log did not have it as done at the kill', () => {
    take('plain', 'p1-1');
    now += 50;
    killed(false);
    take('plain', 'p1-1', 1);
    expect(ledger).toMatchObject({ repeatedWrongly: [], repeated: 1, oldestRepeatedMs: 50 });
  });

  test('is wrong where the log had it as done', () => {
    take('plain', 'p1-1');
    killed(true);
    take('plain', 'p1-1', 1);
    expect(ledger.repeatedWrongly).toEqual([expect.stringContaining('had it as done')]);
  });

  test('is wrong where what was done was committed long after it, without it', () => {
    take('plain', 'p1-1');
    now += 10_000;
    killed(false, now - 5000);
    take('plain', 'p1-1', 1);
    expect(ledger.repeatedWrongly).toEqual([expect.stringContaining('committed 5000 ms after it')]);
  });

  test('is nothing of note for replies, and where a time was set within which an answer must come', () => {
    acknowledged('p1-2', 't4');
    for (const name of ['audience', 'audience']) take(name, replyTo('p1-1'));
    for (const name of ['hanging', 'hanging']) take(name, 'p1-2');
    expect(ledger.repeatedWrongly).toEqual([]);
  });
});
