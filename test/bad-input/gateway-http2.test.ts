// HTTP/2 that would be another request in HTTP/1.1: each is refused, and nothing hidden in it reaches an application.

import { readFile } from 'node:fs/promises';
import { engineTransport, nodeTransport } from '#gateway/mod.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Sink } from './gateway-with-app.ts';
import { gatewayWithApp } from './gateway-with-app.ts';
import type { Field, Outcome } from './http2-wire.ts';
import { sendHttp2 } from './http2-wire.ts';

interface Case {
  readonly why: string;
  readonly set?: Readonly<Record<string, string | null>>;
  readonly add?: readonly Field[];
  readonly fields?: readonly Field[];
  readonly data?: string;
  readonly trailers?: readonly Field[];
  readonly outcome: Outcome;
  readonly reached?: readonly string[];
}

const cases = parse(await readFile(new URL('gateway-http2.cases.yaml', import.meta.url), 'utf8')) as Case[];

const USUAL: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'hello.test'],
  [':path', '/a'],
];

function fieldsOf({ fields, set = {}, add = [] }: Case): Field[] {
  if (fields) return [...fields];
  const own = USUAL.flatMap(([name, value]): Field[] => {
    const changed = set[name];
    return changed === null ? [] : [[name, changed ?? value]];
  });
  return [...own, ...add];
}

describe.each([
  ['node', nodeTransport],
  ['engine', engineTransport],
] as const)('over %s', (_transport, make) => {
  let sink: Sink;
  beforeAll(async () => {
    sink = await gatewayWithApp(make);
  });
  afterAll(() => sink.close());
  beforeEach(() => {
    sink.reached.length = 0;
    sink.fields.length = 0;
  });

  it.each(cases.map((one) => [one.why, one] as const))('%s', async (_, one) => {
    const outcome = await sendHttp2(sink.port, fieldsOf(one), one);
    expect([outcome, sink.reached, sink.fields]).toEqual([one.outcome, one.reached ?? [], []]);
  });
});
