// The table of cases: every status of the ingress, with its text.

import { readFile } from 'node:fs/promises';
import { VirtualClock } from '#base/mod.ts';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { StreamAddress } from '../control.ts';
import { BROKER_HOST, broker, eventHeaders, REQUEST_HOST, requestReply } from '../events.fixture.ts';
import { filtering } from '../filtering.ts';
import { LogClosedError, LogDamagedError, LogFullError } from '../log/log.ts';
import { httpCodec } from '../message.ts';
import { decodeRecord } from '../codec/record.ts';
import { Gatekeeper } from './access.ts';
import { AwaitedReplies } from './awaited-replies.ts';
import type { Intake } from './ingress.ts';
import { Ingress } from './ingress.ts';
import type { IngressAnswer } from './refusals.ts';
import { REFUSALS } from './refusals.ts';

type Trouble = 'stream' | 'waiting' | 'disk' | 'closed' | 'damaged';

interface Case {
  readonly why: string;
  readonly method?: string;
  readonly host?: string;
  readonly target?: string;
  readonly scheme?: 'http' | 'https';
  readonly event?: 'none' | Readonly<Record<string, string | null>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly token?: string;
  readonly log?: Trouble;
  readonly is?: 'untold' | 'closing' | 'waiting';
  readonly status: number;
  readonly answers?: Readonly<Record<string, string>>;
  readonly text?: string;
}

const cases = parse(await readFile(new URL('ingress.cases.yaml', import.meta.url), 'utf8')) as Case[];

const TROUBLES: Readonly<Record<Trouble, Error>> = {
  stream: new LogFullError('stream', 'full'),
  waiting: new LogFullError('waiting', 'full'),
  disk: new LogFullError('disk', 'full'),
  closed: new LogClosedError(),
  damaged: new LogDamagedError('the segment is damaged'),
};

const policies = [
  {
    name: 'p',
    subjects: ['system:serviceaccount:other:friend', 'system:serviceaccount:team-*'],
    filters: [{ exact: { type: 'test' } }],
  },
];
const access = { audience: 'a', otherwise: 'allow-same-namespace' as const };
const channel: StreamAddress = {
  hosts: ['c-kn-channel.ns.svc.cluster.local'],
  path: '/',
  kind: 'channel',
  namespace: 'ns',
  name: 'c',
};
const byPath: StreamAddress = {
  ...channel,
  hosts: ['imc-dispatcher.knative-eventing.svc.cluster.local'],
  path: '/ns/c',
  schemes: ['https'],
};

function ingressFor({ log, is }: Case, kept: Uint8Array[] = []): Ingress {
  const clock = new VirtualClock();
  const replies = new AwaitedReplies({ clock, secret: () => 's', max: is === 'waiting' ? 0 : 1 });
  const ingress = new Ingress({
    clock,
    replies,
    requestHosts: [REQUEST_HOST],
    codec: httpCodec,
    brokerHosts: [BROKER_HOST],
    gatekeeper: new Gatekeeper({
      verify: async (token) => {
        if (token === 'forged') throw new Error("the signature is not the issuer's");
        return token;
      },
      passes: (filters, event) => filtering.sieve(filters).matches(event),
    }),
  });
  const stream = (hasRoom: boolean): Intake => ({
    key: 's',
    hasRoom,
    append: async ({ payload }) => {
      if (log) throw TROUBLES[log];
      return kept.push(Uint8Array.from(payload)) - 1;
    },
  });
  const closed = { ...broker, path: '/ns/closed', name: 'closed', access: { ...access, policies } };
  const same = { ...broker, path: '/ns/same', name: 'same', access: { ...access, policies: [] } };
  ingress.ways.set(stream(true), [], [broker, channel, byPath, closed, same, requestReply]);
  ingress.ways.set(stream(false), [], [{ ...broker, path: '/ns/full', name: 'full' }]);
  if (is !== 'untold') ingress.told();
  if (is === 'closing') ingress.close();
  return ingress;
}

function headersOf({ event = {}, headers = {}, token }: Case): string[] {
  const whole = event === 'none' ? {} : eventHeaders({});
  for (const [name, value] of Object.entries(event === 'none' ? {} : event))
    if (value === null) delete whole[`Ce-${name}`];
    else whole[`Ce-${name}`] = value;
  return Object.entries({ ...whole, ...headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) }).flat();
}

async function answerTo(one: Case, kept: Uint8Array[] = []): Promise<IngressAnswer> {
  const { method = 'POST', host = BROKER_HOST, target = '/ns/b', scheme = 'http', body = '{}' } = one;
  const opened = ingressFor(one, kept).open({ method, host, target, scheme, headers: headersOf(one) });
  if (!opened) throw new Error('the host is none of events');
  return opened.kind === 'answer' ? opened.answer : opened.take(Buffer.from(body));
}

test.each(cases)('$why: $status', async (one) => {
  const kept: Uint8Array[] = [];
  const answer = await answerTo(one, kept);
  expect([answer.status, kept.length]).toEqual([one.status, one.status === 202 ? 1 : 0]);
  const pairs = Array.from({ length: answer.headers.length / 2 }, (_, i) => answer.headers.slice(2 * i, 2 * i + 2));
  const { Allow, 'Content-Type': _, ...others } = Object.fromEntries(pairs) as Record<string, string>;
  expect([Allow, others]).toEqual(['POST, OPTIONS', one.answers ?? {}]);
  if (one.text !== undefined) expect(answer.text).toBe(`${one.text}\n`);
  else if (one.status < 300) expect(answer.text).toBe('');
  else expect(answer.text).toMatch(/^the request is no CloudEvent: .*\n$/);
});

test('every refusal has a case', () => {
  const met = new Set(cases.map(({ status, text }) => `${status} ${text?.split(':')[0] ?? REFUSALS['no-event'].text}`));
  // These need a body that comes in pieces, or time: serve.test.ts and request-reply.test.ts have them.
  const { 'too-large': _, 'body-broken-off': __, 'no-reply': ___, ...here } = REFUSALS;
  for (const { status, text } of Object.values(here)) expect(met).toContain(`${status} ${text}`);
});

test('a broker stamps what it takes, a channel leaves it as it is', async () => {
  const kept: Uint8Array[] = [];
  await answerTo({ why: '', status: 202, event: { knativebrokerttl: '9', partitionkey: 'k' } }, kept);
  await answerTo(
    { why: '', status: 202, host: channel.hosts[0] ?? '', target: '/', event: { knativebrokerttl: '9' } },
    kept,
  );
  const [byBroker, byChannel] = kept.map((payload) => Object.fromEntries(decodeRecord(payload).event.attributes));
  expect(byBroker).toMatchObject({ knativebrokerttl: 8, knativearrivaltime: '2026-01-01T00:00:00.000Z' });
  expect(byChannel).toMatchObject({ knativebrokerttl: '9' });
  expect(byChannel).not.toHaveProperty('knativearrivaltime');
});

test('hosts that are none of events are left to others', () => {
  const head = { method: 'POST', host: 'fn.ns.svc.cluster.local', target: '/', scheme: 'http' as const, headers: [] };
  expect(ingressFor({ why: '', status: 0 }).open(head)).toBeUndefined();
});
