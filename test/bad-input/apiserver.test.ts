// Requests that are wrong, and what the API server says to them. The cases are data.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { JsonObject } from '#base/mod.ts';
import type { TestApi } from '../contracts/api-server.ts';
import { startTestApi } from '../contracts/api-server.ts';

interface Case {
  readonly why: string;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly token?: string | null;
  readonly body?: JsonObject;
  readonly text?: string;
  readonly base64?: string;
  readonly repeat?: [part: string, times: number];
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

const cases = parse(expanded(readFileSync(new URL('apiserver.cases.yaml', import.meta.url), 'utf8'))) as Case[];

/** `{254×a}` stands for a long row of one letter. */
function expanded(text: string): string {
  return text.replaceAll(/\{(\d+)×(\w)\}/g, (_all, times: string, letter: string) => letter.repeat(Number(times)));
}

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

function bodyOf({ body, text, base64, repeat }: Case): string | Uint8Array | JsonObject | undefined {
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  if (repeat) return repeat[0].repeat(repeat[1]);
  return text ?? body;
}

test.each(cases)('$why', async (one) => {
  const body = bodyOf(one);
  const answer = await api.request(one.method ?? 'POST', one.path, {
    ...(body === undefined ? {} : { body }),
    ...(one.headers ? { headers: one.headers } : {}),
    ...(one.token === undefined ? {} : { token: one.token }),
  });
  const pattern = /^\/(.*)\/$/s.exec(one.message)?.[1];
  expect(answer.body).toMatchObject({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code: one.code,
    reason: one.reason,
    message: pattern === undefined ? one.message : expect.stringMatching(new RegExp(pattern, 's')),
  });
  expect(answer.code).toBe(one.code);
  expect(answer.headers.get('content-type')).toBe('application/json');
});

test('after all of them the server goes on', async () => {
  expect((await api.request('GET', '/readyz')).text).toBe('ok');
});
