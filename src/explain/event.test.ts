// What became of an event, in words.

import { expect, test } from 'vitest';
import type { DeliveryAttempt, EventFate, EventStory, FilterVerdict, JournalConsumer } from '#kinds/mod.ts';
import { journalType } from '#kinds/mod.ts';
import { whyEvent } from './event.ts';

const trigger = (name: string): JournalConsumer => ({ kind: 'Trigger', namespace: 'shop', name, uid: name });
const exact: FilterVerdict = { result: 'pass', clause: 'exact type = "order"', met: '"order"' };
const passes: FilterVerdict = { result: 'pass', clause: 'all of', parts: [exact] };

function attempt(name: string, second: number, more: Partial<DeliveryAttempt>): DeliveryAttempt {
  return {
    consumer: trigger(name),
    at: 'subscriber',
    destination: `http://${name}/`,
    time: `2026-01-01T00:00:0${second}.100Z`,
    tookMs: 12,
    next: { kind: 'end', state: 'delivered' },
    ...more,
  };
}

function story(more: Partial<EventStory>): EventStory {
  return {
    ...journalType('EventStory'),
    journal: true,
    offset: 7,
    time: '2026-01-01T00:00:00.000Z',
    attributes: { id: '1', type: 'order', source: '/web' },
    bytes: 99,
    headers: [],
    fates: [],
    verdicts: [],
    attempts: [],
    ...more,
  };
}

const fate = (name: string, state: EventFate['state'], attempts = 1): EventFate => ({
  consumer: trigger(name),
  state,
  attempts,
});
const told = (of: Partial<EventStory>): string[] => whyEvent(story(of), 'Broker b').map(({ text }) => text);

test('one has it at the second attempt, one did not want it', () => {
  expect(
    told({
      verdicts: [
        {
          consumer: trigger('refunds'),
          verdict: {
            result: 'fail',
            clause: 'all of',
            parts: [
              {
                result: 'fail',
                clause: 'any of',
                parts: [{ result: 'fail', clause: 'prefix source "/shop"', met: '"/web"' }],
              },
            ],
          },
        },
        { consumer: trigger('till'), verdict: passes },
      ],
      fates: [fate('till', 'delivered', 2)],
      attempts: [
        attempt('till', 0, { status: 503, next: { kind: 'wait', ms: 1000 } }),
        attempt('till', 1, { status: 200 }),
      ],
    }),
  ).toEqual([
    'Event 1 (order from /web) came to Broker b at 2026-01-01T00:00:00.000Z, as offset 7, 99 bytes.',
    '',
    'Trigger till has it: delivered after 2 attempts, 1.1 s after it came.',
    '    pass  exact type = "order", met "order"',
    '    1. 00:00:00.100 to http://till/: 503 after 12 ms; tried again 1.0 s later',
    '    2. 00:00:01.100 to http://till/: 200 after 12 ms',
    '',
    'Trigger refunds did not want it:',
    '    fail  any of',
    '    fail    prefix source "/shop", met "/web"',
  ]);
});

const given = attempt('a', 1, { error: 'connect ECONNREFUSED', next: { kind: 'send' } });
const dead = attempt('a', 1, { at: 'dead-letter', destination: 'http://dead/', status: 202 });
const replied = attempt('a', 1, { status: 200, next: { kind: 'send' } });

test.each<[string, Partial<EventStory>, string[]]>([
  [
    'a dead letter',
    { fates: [fate('a', 'dead-lettered')], attempts: [given, dead] },
    [
      'Trigger a did not take it in 1 attempt (connect ECONNREFUSED): the dead letter sink has it.',
      '    1. 00:00:01.100 to http://a/: connect ECONNREFUSED after 12 ms; given up',
      '    2. 00:00:01.100 the dead letter to http://dead/: 202 after 12 ms',
    ],
  ],
  [
    'a reply',
    {
      fates: [fate('a', 'delivered')],
      attempts: [replied, attempt('a', 1, { at: 'reply', status: 202, destination: 'http://broker/' })],
    },
    [
      'Trigger a has it: delivered, and its reply too, 1.1 s after it came.',
      '    1. 00:00:01.100 to http://a/: 200 after 12 ms; it replied',
      '    2. 00:00:01.100 its reply to http://broker/: 202 after 12 ms',
    ],
  ],
  [
    'a reply that nobody takes',
    {
      fates: [fate('a', 'failed')],
      attempts: [replied, attempt('a', 1, { at: 'reply', status: 503, destination: 'http://broker/' })],
    },
    [
      'Trigger a has it, but its reply was not taken in 1 attempt (503), and there is no dead letter sink.',
      '    1. 00:00:01.100 to http://a/: 200 after 12 ms; it replied',
      '    2. 00:00:01.100 its reply to http://broker/: 503 after 12 ms',
    ],
  ],
  [
    'an answer that is no event',
    {
      fates: [fate('a', 'dead-lettered')],
      attempts: [
        attempt('a', 1, { status: 200, reason: 'the answer is no event', next: { kind: 'wait', ms: 1000 } }),
        attempt('a', 2, { status: 200, reason: 'the answer is no event', next: { kind: 'send' } }),
        dead,
      ],
    },
    [
      'Trigger a did not take it in 2 attempts (200: the answer is no event): the dead letter sink has it.',
      '    1. 00:00:01.100 to http://a/: 200 after 12 ms: the answer is no event; tried again 1.0 s later',
      '    2. 00:00:02.100 to http://a/: 200 after 12 ms: the answer is no event; given up',
      '    3. 00:00:01.100 the dead letter to http://dead/: 202 after 12 ms',
      '    What takes events should return nothing, or an event: with the headers Ce-Specversion, Ce-Id, Ce-Type and Ce-Source.',
    ],
  ],
  [
    'a failure that says why',
    { fates: [fate('a', 'failed')], attempts: [attempt('a', 1, { status: 500, reason: 'no such field' })] },
    [
      'Trigger a did not take it in 1 attempt (500: no such field), and there is no dead letter sink.',
      '    1. 00:00:01.100 to http://a/: 500 after 12 ms: no such field',
    ],
  ],
  [
    'nobody has it',
    { fates: [fate('a', 'failed')], attempts: [attempt('a', 1, { status: 400 })] },
    [
      'Trigger a did not take it in 1 attempt (400), and there is no dead letter sink.',
      '    1. 00:00:01.100 to http://a/: 400 after 12 ms',
    ],
  ],
  [
    'nor the sink',
    { fates: [fate('a', 'lost')], attempts: [given] },
    [
      'Trigger a did not take it in 1 attempt (connect ECONNREFUSED), nor did its dead letter sink.',
      '    1. 00:00:01.100 to http://a/: connect ECONNREFUSED after 12 ms; given up',
    ],
  ],
  [
    'on its way',
    {
      fates: [fate('a', 'under-way')],
      attempts: [attempt('a', 1, { status: 429, next: { kind: 'wait', ms: 180_000 } })],
    },
    [
      'Trigger a is to have it: 1 attempt so far, the last one at 00:00:01.100 (429), tried again 3 min after that.',
      '    1. 00:00:01.100 to http://a/: 429 after 12 ms; tried again 3 min later',
    ],
  ],
  [
    'sent again by hand',
    { fates: [fate('a', 'dead-lettered')], attempts: [dead, attempt('a', 2, { status: 422, isRedrive: true })] },
    [
      'Trigger a did not take it in 1 attempt (422): the dead letter sink has it.',
      '    1. 00:00:01.100 the dead letter to http://dead/: 202 after 12 ms',
      '    2. 00:00:02.100 again by hand, to http://a/: 422 after 12 ms',
    ],
  ],
  [
    'at once',
    {
      fates: [fate('a', 'under-way')],
      attempts: [attempt('a', 1, { status: 500, next: { kind: 'wait', ms: 0 } })],
    },
    [
      'Trigger a is to have it: 1 attempt so far, the last one at 00:00:01.100 (500), tried again at once.',
      '    1. 00:00:01.100 to http://a/: 500 after 12 ms; tried again at once',
    ],
  ],
  [
    'not sent yet',
    { fates: [fate('a', 'under-way', 0)] },
    ['Trigger a is to have it: it waits, or is being sent for the first time.'],
  ],
  [
    'it came too early',
    { verdicts: [{ consumer: trigger('a'), verdict: { result: 'none', clause: 'all of', parts: [] } }] },
    [
      'Trigger a would take it now, and nothing was sent: it came before this consumer began, or before the journal was switched on.',
      '    no filter: it takes every event',
    ],
  ],
  ['nobody is there', {}, ['Nobody takes events here: there is no Trigger or Subscription.']],
  [
    'who is gone',
    { fates: [{ consumer: { kind: '', namespace: '', name: 'u-1', uid: 'u-1' }, state: 'failed', attempts: 0 }] },
    ['Somebody who is gone (u-1) did not take it in 0 attempts (no answer), and there is no dead letter sink.'],
  ],
])('%s', (_, of, lines) => {
  expect(told(of).slice(2)).toEqual(lines);
});

test('where the journal is off, it says how to switch it on', () => {
  const [, line] = told({ journal: false });
  expect(line).toMatch(/the journal is off. The annotation ebb.dev\/journal=true switches it on/);
});
