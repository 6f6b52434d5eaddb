import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { settle } from '#base/mod.ts';
import { startedFrom, starterFailure, starterVerdict, unshareExit } from './starter.ts';

/** A failed call as the entry program tells it: words, a zero, and the error's number in eight bytes. */
function failure(words: string, error: number): string {
  const number = Buffer.alloc(8);
  number.writeBigInt64LE(BigInt(error));
  return `${words}\0${number.toString('latin1')}`;
}

const ENOENT = -2;
const noRoot = failure('its root could not be entered', ENOENT);

test.each<[string, string, number | 'none' | 'not yet']>([
  ['nothing', '', 'not yet'],
  ['half a line', 'pid 1', 'not yet'],
  ['the process alone', 'pid 12\n', 'not yet'],
  ['the process, and that all is done', 'pid 12\nready\n', 12],
  ['what a mount says, before the process', 'mount: no such device\n', 'none'],
  ['the process, then words that are no end', 'pid 12\nmount: no such device\n', 'not yet'],
  ['the process, then a call that failed', `pid 12\n${noRoot}`, 'none'],
  ['a call that failed, told in part', `pid 12\n${noRoot.slice(0, -1)}`, 'not yet'],
])('the starter says %s', (_, said, wanted) => {
  expect(starterVerdict(Buffer.from(said, 'latin1'))).toBe(wanted);
});

test.each([
  ['what failed', `pid 12\n${noRoot}`, 'its root could not be entered: no such file or directory'],
  ['what a tool said', 'mount: no such device\n', 'mount: no such device'],
  ['what is likely, where nothing was said', '', 'its namespaces could not be made'],
])('that there is no program is told by %s', (_, said, why) => {
  expect(starterFailure(Buffer.from(said, 'latin1'))).toBe(`unable to start container process: ${why}`);
});

test.each<[string, Parameters<typeof unshareExit>, ReturnType<typeof unshareExit>]>([
  ['a program that ends well', [0, null, ''], { code: 0, signal: null }],
  ['one that fails', [1, null, 'no luck\n'], { code: 1, signal: null }],
  ['one that is terminated', [null, 'SIGTERM', ''], { code: null, signal: 'SIGTERM' }],
  ['one that is killed', [1, null, 'unshare: sigprocmask restore failed\n'], { code: null, signal: 'SIGKILL' }],
  ['one that fails otherwise', [2, null, 'sigprocmask\n'], { code: 2, signal: null }],
])('the end of %s', (_, seen, wanted) => {
  expect(unshareExit(...seen)).toEqual(wanted);
});

test('a starter that could not be forked fails once its channel has ended, and nobody misses it until then', async () => {
  const channel = new PassThrough();
  const started = startedFrom(channel, Promise.reject(new Error('spawn EAGAIN')));
  await settle();
  channel.end();
  await expect(started).rejects.toThrow('spawn EAGAIN');
});
