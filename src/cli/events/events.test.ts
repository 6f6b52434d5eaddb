// ebb events over a journal in memory.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeliveryAttempt, EventStory, JournalConsumer, ReplayStatus } from '#kinds/mod.ts';
import { Broker, Channel, InMemoryChannel, journalType, Subscription, Trigger } from '#kinds/mod.ts';
import { objectOf, World } from '../ports.fixture.ts';

let world: World;
const audit: JournalConsumer = { kind: 'Trigger', namespace: 'default', name: 'audit', uid: 'u-audit' };
const till: JournalConsumer = { ...audit, name: 'till', uid: 'u-till' };
const attempt: DeliveryAttempt = {
  consumer: audit,
  at: 'subscriber',
  destination: 'http://audit/',
  status: 422,
  time: '2029-12-31T23:59:00.100Z',
  tookMs: 12,
  next: { kind: 'end', state: 'failed' },
};

function story(offset: number, id: string, more: Partial<EventStory> = {}): EventStory {
  return {
    ...journalType('EventStory'),
    journal: true,
    offset,
    time: `2029-12-31T23:59:0${offset}.000Z`,
    attributes: { specversion: '1.0', id, type: 'order', source: '/web', datacontenttype: 'application/json' },
    bytes: 99,
    fates: [],
    headers: [],
    data: Buffer.from('{"item": "pen"}').toString('base64'),
    verdicts: [],
    attempts: [],
    ...more,
  };
}

const dead = { consumer: audit, state: 'dead-lettered', attempts: 2, status: 422 } as const;
const fine = { consumer: till, state: 'delivered', attempts: 1, status: 200 } as const;

beforeEach(() => {
  world = new World();
  world.client.objects.push(
    objectOf(Broker, 'shop'),
    objectOf(Trigger, 'audit', { spec: { broker: 'shop' } }),
    objectOf(Channel, 'pipe'),
    {
      ...objectOf(InMemoryChannel, 'pipe'),
      metadata: { ...objectOf(InMemoryChannel, 'pipe').metadata, ...ownedBy('Channel') },
    },
    objectOf(Subscription, 'steps', { spec: { channel: { kind: 'Channel', name: 'pipe' } } }),
  );
  world.journal.stories.set('Broker shop', [
    story(1, 'one', { fates: [fine, dead], attempts: [attempt] }),
    story(2, 'two'),
    story(3, 'three', { fates: [{ ...dead, state: 'failed' }] }),
  ]);
  world.journal.stories.set('Channel pipe', [story(4, 'two', { fates: [fine] })]);
});
afterEach(() => world.discard());

const ownedBy = (kind: string) => ({
  ownerReferences: [{ apiVersion: 'x/v1', kind, name: 'pipe', uid: 'u', controller: true, blockOwnerDeletion: true }],
});

describe('list', () => {
  test('of all Brokers and channels, in order of time', async () => {
    expect(await world.run('events list')).toBe(0);
    expect(world.out).toBe(`\
TIME                       AT             OFFSET   TYPE    SOURCE   ID      OUTCOME
2029-12-31T23:59:01.000Z   Broker shop    1        order   /web     one     delivered: Trigger till, dead-lettered: Trigger audit
2029-12-31T23:59:02.000Z   Broker shop    2        order   /web     two     -
2029-12-31T23:59:03.000Z   Broker shop    3        order   /web     three   failed: Trigger audit
2029-12-31T23:59:04.000Z   Channel pipe   4        order   /web     two     delivered: Trigger till
`);
    expect(world.err).toBe('');
  });

  test.each([
    ['--broker shop --limit 2 -o name', 'two\nthree\n'],
    ['--broker shop --state failed -o name', 'three\n'],
    ['--channel pipe -o name', 'two\n'],
    ['--subscription steps -o name', 'two\n'],
  ])('%s', async (flags, out) => {
    expect(await world.run(`events list ${flags}`)).toBe(0);
    expect(world.out).toBe(out);
  });

  test('says that there is more', async () => {
    await world.run('events list --broker shop --limit 2');
    expect(world.err).toBe('There is more before that: --limit, --since and --until show other parts.\n');
  });

  test('flags become a question', async () => {
    await world.run([
      ...'events list --trigger audit --since 10m --until offset:9 --type order.* --source /web'.split(' '),
      '--filter',
      'EXISTS tenant',
    ]);
    expect(world.journal.asked).toEqual([
      {
        of: 'Broker shop',
        consumer: 'audit',
        from: '2029-12-31T23:50:00.000Z',
        until: 'offset:9',
        filters: [{ prefix: { type: 'order.' } }, { exact: { source: '/web' } }, { cesql: 'EXISTS tenant' }],
        newest: true,
        limit: 20,
      },
    ]);
  });

  test('says where the journal is off, and how to switch it on', async () => {
    world.journal.stories.set('Broker shop', []);
    await world.run('events list --broker shop');
    expect(world.err).toMatch(
      /^No events are kept in namespace default.\nThe journal of Broker shop is off: .*annotate/,
    );
  });

  test('many that got it are counted', async () => {
    const fates = ['a', 'b', 'c'].map((uid) => ({ ...fine, consumer: { ...till, uid } }));
    world.journal.stories.set('Broker shop', [story(1, 'one', { fates: [...fates, dead] })]);
    await world.run('events list --broker shop');
    expect(world.out).toContain('delivered: 3, dead-lettered: 1');
  });

  test.each([
    ['--since yesterday', 2, '--since takes how long ago (10m), a time (2026-01-02T15:04:05Z) or offset:N'],
    ['--limit 0', 2, '--limit takes a whole number from 1'],
    ['--state gone', 2, '--state must be one of delivered, dead-lettered'],
    ['--broker x', 3, 'There is no Broker x in namespace default. There are: shop.'],
    ['--channel x', 3, 'There is no Channel x in namespace default. There are: pipe.'],
    ['--broker shop --channel pipe', 2, 'give one of --broker, --channel'],
    ['-n empty', 3, "There is no Broker or channel in namespace empty. 'kn broker create default -n empty'"],
  ])('%s', async (flags, code, words) => {
    expect(await world.run(`events list ${flags}`)).toBe(code);
    expect(world.err).toContain(words);
  });
});

describe('show', () => {
  test('attributes and data', async () => {
    expect(await world.run('events show one')).toBe(0);
    expect(world.out).toBe(`\
Broker shop, offset 1, 2029-12-31T23:59:01.000Z, 99 bytes

specversion       1.0
id                one
type              order
source            /web
datacontenttype   application/json

{
  "item": "pen"
}
`);
  });

  test('-o json can be sent elsewhere', async () => {
    await world.run('events show offset:3 --broker shop -o json');
    expect(JSON.parse(world.out)).toEqual({
      specversion: '1.0',
      id: 'three',
      type: 'order',
      source: '/web',
      datacontenttype: 'application/json',
      data: { item: 'pen' },
    });
  });

  test('an id that came to two places: people see both, programs are told to choose', async () => {
    expect(await world.run('events show two')).toBe(0);
    expect(world.out.match(/^(Broker|Channel) .*, offset/gm)).toEqual(['Broker shop, offset', 'Channel pipe, offset']);
    expect(await world.run('events show two -o json')).toBe(2);
    expect(world.err).toContain('two is at Broker shop (offset:2), Channel pipe (offset:4); choose one');
  });

  test.each([
    ['nothing', 3, 'No event with the id nothing is kept in namespace default.'],
    ['offset:1', 2, 'offset:1 is a place in one of Broker shop, Channel pipe; say which'],
  ])('%s', async (id, code, words) => {
    expect(await world.run(`events show ${id}`)).toBe(code);
    expect(world.err).toContain(words);
  });
});

test('why: in words, in colour on a terminal only', async () => {
  expect(await world.run('events why one')).toBe(0);
  expect(world.out).toContain('Trigger audit did not take it in 1 attempt (422): the dead letter sink has it.\n');
  expect(world.out).not.toContain('\u001B');
  world.isTerminal = true;
  await world.run('events why one');
  expect(world.out).toContain('\u001B[31mTrigger audit did not take it');
  world.env['NO_COLOR'] = '1';
  await world.run('events why one');
  expect(world.out).not.toContain('\u001B');
  await world.run('events why one -o json');
  expect(JSON.parse(world.out)).toMatchObject({ kind: 'EventStory', offset: 1, attempts: [{ status: 422 }] });
});

describe('redrive', () => {
  test('by id to who did not take it', async () => {
    expect(await world.run('events redrive one three')).toBe(0);
    expect(world.out).toBe(
      'one of Broker shop to Trigger audit: delivered (202)\nthree of Broker shop to Trigger audit: delivered (202)\n',
    );
    expect(sent()).toEqual([
      { of: 'Broker shop', offset: 1, consumer: 'u-audit' },
      { of: 'Broker shop', offset: 3, consumer: 'u-audit' },
    ]);
  });

  test('to one that is named, however it stands there', async () => {
    expect(await world.run('events redrive two --trigger audit')).toBe(0);
    expect(sent()).toEqual([{ of: 'Broker shop', offset: 2, consumer: 'audit' }]);
    expect(await world.run('events redrive two --broker shop')).toBe(1);
    expect(world.err).toContain('Nobody has failed to take two (nothing was noted of it). --trigger');
  });

  test('all, or only told of', async () => {
    expect(await world.run('events redrive --all --dry-run')).toBe(0);
    expect(world.out).toBe(
      'one of Broker shop to Trigger audit: would be sent\nthree of Broker shop to Trigger audit: would be sent\n',
    );
    expect(sent()).toEqual([]);
    await world.run('events redrive --all --state failed -o json');
    expect(JSON.parse(world.out)).toEqual([
      { id: 'three', at: 'Broker shop', offset: 3, consumer: 'Trigger audit', state: 'delivered', status: 202 },
    ]);
  });

  test('changed by flags, its data from a file', async () => {
    const file = join(world.folder, 'data');
    writeFileSync(file, 'new');
    await world.run(`events redrive one --set subject=a=b --unset datacontenttype -d @${file}`);
    expect(sent()).toMatchObject([{ set: { subject: 'a=b' }, unset: ['datacontenttype'], data: 'bmV3' }]);
  });

  test('edited by hand', async () => {
    world.edited = (text) => text.replace('"pen"', '"ink"').replace('"order"', '"order.mended"');
    expect(await world.run('events redrive one --edit')).toBe(0);
    expect(world.asked).toEqual(['edit event-1.json']);
    expect(sent()).toMatchObject([
      { set: { type: 'order.mended' }, data: Buffer.from('{"item":"ink"}').toString('base64') },
    ]);
  });

  test('left as it was it stays here', async () => {
    expect(await world.run('events redrive one --edit')).toBe(0);
    expect(sent()).toEqual([]);
    expect(world.err).toContain('nothing was changed, so it is not sent');
  });

  test('what is not taken again ends with code 1', async () => {
    world.journal.redriven = { state: 'failed', error: 'no answer within 5 ms' };
    expect(await world.run('events redrive one')).toBe(1);
    expect(world.out).toBe('one of Broker shop to Trigger audit: failed (no answer within 5 ms)\n');
    expect(world.err).toContain("1 of 1 were not taken this time, either. 'ebb events why ID' tells why.");
  });

  test.each([
    ['', 'name events by their ids, or all that nobody took with --all'],
    ['one --all', 'name events by their ids'],
    ['one --set x', '--set takes ATTRIBUTE=VALUE'],
    ['one --edit --unset a', 'leave out --set'],
  ])('%j', async (words, said) => {
    expect(await world.run(`events redrive ${words}`)).toBe(2);
    expect(world.err).toContain(said);
  });

  const sent = () => world.journal.asked.filter((one) => Object.hasOwn(one as object, 'offset'));
});

describe('replay', () => {
  const run: ReplayStatus = {
    id: 'replay-1',
    to: 'http://new/',
    from: 1,
    position: 1,
    until: 4,
    delivered: 0,
    failed: 0,
    isOver: false,
  };

  test('begins, and says where to look', async () => {
    world.journal.runs = [run];
    expect(await world.run('events replay --broker shop --since offset:1 --to ksvc/new')).toBe(0);
    expect(world.out).toContain(
      'replay-1 sends what is kept of Broker shop to http://new/, from offset 1 to before 4.',
    );
    const ref = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'new' };
    expect(world.journal.asked).toEqual([{ of: 'Broker shop', from: 'offset:1', to: { ref } }]);
  });

  test('followed to its end', async () => {
    world.journal.runs = [
      run,
      { ...run, position: 3, delivered: 2 },
      { ...run, position: 4, delivered: 3, isOver: true },
    ];
    expect(await world.run('events replay --broker shop --to http://new/ --follow')).toBe(0);
    expect(world.out).toBe('replay-1 is over: 3 delivered to http://new/, 0 failed.\n');
    world.journal.runs = [run, { ...run, position: 4, delivered: 2, failed: 1, isOver: true }];
    expect(await world.run('events replay --broker shop --to http://new/ --follow')).toBe(1);
    expect(world.err).toContain('1 of 3 events were not taken.');
  });

  test('is watched on while the process that runs it starts anew', async () => {
    world.journal.runs = [run, { ...run, position: 4, delivered: 3, isOver: true }];
    world.journal.away = 2;
    expect(await world.run('events replay --broker shop --to http://new/ --follow')).toBe(0);
    expect(world.out).toBe('replay-1 is over: 3 delivered to http://new/, 0 failed.\n');
  });

  test('listed', async () => {
    world.journal.runs = [run];
    await world.run('events replay --broker shop');
    expect(world.out).toMatch(/replay-1 +Broker shop +http:\/\/new\/ +1\/4 +0 +0 +going on/);
  });

  test.each([
    ['--to here', '--to takes a URL, or an object as ksvc/hello or broker/default'],
    ['--to http://new/', 'there are Broker shop, Channel pipe; say which with --broker or --channel'],
    ['--since 1h', '--to says where the events go'],
  ])('%s', async (flags, words) => {
    expect(await world.run(`events replay ${flags}`)).toBe(2);
    expect(world.err).toContain(words);
  });
});

test.each(['list', 'show', 'why', 'replay', 'redrive'])('help of %s teaches by examples', async (command) => {
  expect(await world.run(`events ${command} --help`)).toBe(0);
  expect(world.out).toContain(`  ebb events ${command}`);
});
