import { describe, expect, test } from 'vitest';
import { httpCodec } from '../message.ts';
import type { Answer, Verdict } from './verdict-of-answer.ts';
import { verdictOfAnswer, verdictOfReceipt } from './verdict-of-answer.ts';

const NOW = Date.UTC(2026, 0, 1);
const EVENT = ['Ce-Specversion', '1.0', 'Ce-Id', 'r', 'Ce-Source', '/r', 'Ce-Type', 'r'];

function answer(status: number, body = '', headers: readonly string[] = []): Answer {
  return { status, headers, body: Buffer.from(body) };
}

/** In a word: what it is, and whether it is tried again. */
function inShort(verdict: Verdict): string {
  if (verdict.kind !== 'failed') return verdict.kind;
  const { status, isRetryable } = verdict.failure;
  return `failed ${status}${isRetryable ? ', again' : ''}`;
}

function judge(answered: Answer, kind: 'trigger' | 'subscription', wantsReply = true): string {
  const decode = httpCodec.decode;
  return inShort(verdictOfAnswer({ kind, wantsReply, answer: answered, decode, now: NOW }));
}

describe('statuses (Knative Eventing data plane, and as its dispatcher has it)', () => {
  test.each([
    [199, 'failed 199'],
    [200, 'delivered'],
    [202, 'delivered'],
    [204, 'delivered'],
    [299, 'delivered'],
    [301, 'failed 301'],
    [307, 'failed 307'],
    [400, 'failed 400'],
    [401, 'failed 401'],
    [403, 'failed 403'],
    [404, 'failed 404, again'],
    [408, 'failed 408, again'],
    [409, 'failed 409, again'],
    [410, 'failed 410'],
    [413, 'failed 413'],
    [422, 'failed 422'],
    [429, 'failed 429, again'],
    [500, 'failed 500, again'],
    [503, 'failed 503, again'],
    [599, 'failed 599, again'],
  ])('%i', (status, verdict) => {
    expect(judge(answer(status), 'trigger')).toBe(verdict);
    expect(inShort(verdictOfReceipt(answer(status), NOW))).toBe(verdict);
  });

  test('no answer at all counts as 500', () => {
    const verdict = verdictOfReceipt({ error: 'connect ECONNREFUSED' }, NOW);
    expect(inShort(verdict)).toBe('failed 500, again');
    const text = verdict.kind === 'failed' ? Buffer.from(verdict.failure.data, 'base64').toString() : '';
    expect(text).toBe('dispatch error: connect ECONNREFUSED');
  });
});

describe('what an answer that is well holds', () => {
  test.each([
    ['an event', answer(200, '{}', EVENT), 'replied', 'replied'],
    ['an event without data', answer(200, '', EVENT), 'replied', 'replied'],
    [
      'an event with 202, which the specification forbids and Knative forwards',
      answer(202, '', EVENT),
      'replied',
      'replied',
    ],
    ['nothing', answer(200), 'delivered', 'delivered'],
    ['text', answer(200, 'OK'), 'failed 502, again', 'delivered'],
    ['an event that is none', answer(200, '{}', EVENT.slice(0, 4)), 'failed 502, again', 'failed 502, again'],
  ])('%s', (_, answered, forTrigger, forSubscription) => {
    expect([judge(answered, 'trigger'), judge(answered, 'subscription')]).toEqual([forTrigger, forSubscription]);
  });

  test.each([
    ['an event', answer(200, '{}', EVENT), 'delivered', 'delivered'],
    ['an event that is none', answer(200, '{}', EVENT.slice(0, 4)), 'failed 502, again', 'delivered'],
  ])('%s, where nobody waits for a reply', (_, answered, forTrigger, forSubscription) => {
    expect([judge(answered, 'trigger', false), judge(answered, 'subscription', false)]).toEqual([
      forTrigger,
      forSubscription,
    ]);
  });
});

describe('the reason of a failure', () => {
  const reasonOf = (answered: Answer): string | undefined => {
    const decode = httpCodec.decode;
    const verdict = verdictOfAnswer({ kind: 'trigger', wantsReply: true, answer: answered, decode, now: NOW });
    return verdict.kind === 'failed' ? verdict.failure.reason : undefined;
  };

  test.each<[string, Answer, string | undefined]>([
    ['text where an event or nothing is expected', answer(200, 'Good day'), 'the answer is no event'],
    ['nothing but a status', answer(500), undefined],
    ['no answer, which has its error', { error: 'connect ECONNREFUSED' }, undefined],
    ['the header Reason', answer(500, 'long words', ['Reason', 'no such field']), 'no such field'],
    ['a body, in one line', answer(500, ' Error:\n\tno\u001b[31m database\r\n'), 'Error: no [31m database'],
    ['a long body, cut', answer(500, 'ü'.repeat(5000)), `${'ü'.repeat(199)}…`],
  ])('%s', (_, answered, reason) => {
    expect(reasonOf(answered)).toBe(reason);
  });

  test('an event that is none says what is wrong with it', () => {
    expect(reasonOf(answer(200, '{}', EVENT.slice(0, 4)))).toMatch(/^the answer is a malformed event: .*source/);
  });
});

describe('what dead letters tell', () => {
  test.each([
    ['', ''],
    ['boom', 'Ym9vbQ=='],
    ['x'.repeat(768), Buffer.from('x'.repeat(768)).toString('base64')],
    ['x'.repeat(5000), Buffer.from('x'.repeat(5000)).toString('base64').slice(0, 1024)],
  ])('the body, in base64 and no more than 1024 characters of it', (body, data) => {
    expect(verdictOfReceipt(answer(500, body), NOW)).toMatchObject({ failure: { data } });
  });
});

describe('Retry-After', () => {
  test.each([
    [503, '7', 7000],
    [429, ' 0 ', 0],
    [503, new Date(NOW + 60_000).toUTCString(), 60_000],
    [503, new Date(NOW - 60_000).toUTCString(), undefined],
    [503, '-1', undefined],
    [503, '1.5', undefined],
    [503, 'soon', undefined],
    [500, '7', undefined],
    [404, '7', undefined],
  ])('%i with %j', (status, value, ms) => {
    const verdict = verdictOfReceipt(answer(status, '', ['retry-after', value]), NOW);
    expect(verdict.kind === 'failed' ? verdict.failure.retryAfterMs : NaN).toBe(ms);
  });
});
