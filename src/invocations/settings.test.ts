import { expect, test } from 'vitest';
import type { AsyncRule } from '#gateway/mod.ts';
import { DEFAULTS, settingsOf } from './settings.ts';
import type { Settings } from './words.ts';

const long = `http://x/${'y'.repeat(2048)}`;

test.each<[what: string, headers: Record<string, string>, rule: AsyncRule, settings: Partial<Settings>]>([
  ['nothing said', {}, {}, {}],
  ['the service says', {}, { retries: 0, parallelism: 2 }, { retries: 0, parallelism: 2 }],
  ['the client goes before', { 'Ebb-Async-Retries': '5' }, { retries: 0 }, { retries: 5 }],
  [
    'durations',
    { 'ebb-async-backoff': '1m30s', 'ebb-async-timeout': ' 10s ', 'ebb-async-max-age': '24h' },
    {},
    { backoffMs: 90_000, timeoutMs: 10_000, maxAgeMs: 86_400_000 },
  ],
  ['no back-off', { 'ebb-async-backoff': '0s' }, {}, { backoffMs: 0 }],
  ['a callback', { 'Ebb-Async-Callback': 'https://hooks.test/x?y' }, {}, { callback: 'https://hooks.test/x?y' }],
])('%s', (_, headers, rule, settings) => {
  expect(settingsOf(Object.entries(headers).flat(), rule)).toEqual({ settings: { ...DEFAULTS, ...settings } });
});

test.each<[headers: Record<string, string>, rule: AsyncRule, reason: string, fault: RegExp]>([
  [{ 'ebb-async-retries': '21' }, {}, 'async-setting', /"21": expected a number from 0 to 20/],
  [{ 'ebb-async-retries': '-1' }, {}, 'async-setting', /expected a number/],
  [{ 'ebb-async-retries': '' }, {}, 'async-setting', /expected a number/],
  [{ 'ebb-async-backoff': '2h' }, {}, 'async-setting', /expected a duration from 0s to 1h/],
  [{ 'ebb-async-timeout': '10' }, {}, 'async-setting', /expected a duration from 1s to 24h, such as "30s"/],
  [{ 'ebb-async-timeout': '0.5s' }, {}, 'async-setting', /expected a duration/],
  [{ 'ebb-async-retry': '1' }, {}, 'async-setting', /ebb-async-retry is none of ebb-async-retries, .*callback/],
  [{ 'ebb-async-callback': 'ftp://x/' }, {}, 'async-callback', /expected an address that begins with http/],
  [{ 'ebb-async-callback': 'hooks' }, {}, 'async-callback', /expected an address/],
  [{ 'ebb-async-callback': '' }, {}, 'async-callback', /expected an address/],
  [{ 'ebb-async-callback': long }, {}, 'async-callback', /of at most 2048 characters/],
  [{ 'ebb-async-callback': 'http://me:secret@x/' }, {}, 'async-callback', /has a user or password/],
  [{ 'ebb-async-callback': 'http://x/' }, { callbacks: 'none' }, 'async-callback', /ebb.dev\/async-callbacks: none/],
])('%j of %j is refused', (headers, rule, reason, fault) => {
  expect(settingsOf(Object.entries(headers).flat(), rule)).toMatchObject({
    reason,
    fault: expect.stringMatching(fault) as string,
  });
});
