import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { DevTools } from './devtools.ts';

/** DevTools before a browser that is played here: what it hears, and what it says. */
function played() {
  const [from, to] = [new PassThrough(), new PassThrough()];
  let heard = '';
  to.setEncoding('utf8').on('data', (text: string) => (heard += text));
  return {
    devtools: new DevTools(from, to),
    heard: () =>
      heard
        .split('\0')
        .slice(0, -1)
        .map((text) => JSON.parse(text) as object),
    say: (...messages: object[]) => void from.write(messages.map((message) => `${JSON.stringify(message)}\0`).join('')),
    from,
  };
}

test('answers find their calls in any order, and a refusal says which call it was', async () => {
  const { devtools, heard, say } = played();
  const [first, second] = [devtools.call('A.one', { of: 1 }), devtools.call('B.two', {}, 'S')];
  say({ id: 2, sessionId: 'S', error: { message: 'no' } }, { id: 1, result: { is: 'well' } });
  await expect(second).rejects.toThrow('B.two: no');
  expect(await first).toEqual({ is: 'well' });
  expect(heard()).toEqual([
    { id: 1, method: 'A.one', params: { of: 1 } },
    { id: 2, method: 'B.two', params: {}, sessionId: 'S' },
  ]);
});

test('a message may come in pieces, also in the middle of a letter', async () => {
  const { devtools, from } = played();
  const answer = devtools.call('A.one');
  const bytes = Buffer.from('{"id":1,"result":"schön"}\0');
  const cut = bytes.indexOf('ö') + 1;
  from.write(bytes.subarray(0, cut));
  from.write(bytes.subarray(cut));
  expect(await answer).toBe('schön');
});

test('events are heard in their session until one no longer listens', async () => {
  const { devtools, say } = played();
  const heard: unknown[] = [];
  const off = devtools.on('Page.loaded', 'S', (params) => heard.push(params));
  say({ method: 'Page.loaded', sessionId: 'S', params: 1 }, { method: 'Page.loaded', sessionId: 'T', params: 2 });
  const settled = devtools.call('A.one');
  say({ id: 1, result: {} });
  await settled;
  off();
  say({ method: 'Page.loaded', sessionId: 'S', params: 3 });
  const again = devtools.call('A.one');
  say({ id: 2, result: {} });
  await again;
  expect(heard).toEqual([1]);
});

test('one event may be awaited, and is heard once', async () => {
  const { devtools, say } = played();
  const loaded = devtools.once<number>('Page.loaded', 'S');
  say({ method: 'Page.loaded', sessionId: 'T', params: 1 }, { method: 'Page.loaded', sessionId: 'S', params: 2 });
  expect(await loaded).toBe(2);
});

test('a browser that goes answers no call and has no event, neither those under way nor later ones', async () => {
  const { devtools, from } = played();
  const underWay = [devtools.call('A.one'), devtools.once('Page.loaded', 'S')];
  from.destroy();
  await expect(underWay[0]).rejects.toThrow('the browser has gone without A.one');
  await expect(underWay[1]).rejects.toThrow('the browser has gone without Page.loaded');
  await expect(devtools.once('Page.loaded', 'S')).rejects.toThrow('the browser has gone');
  await expect(devtools.call('A.two')).rejects.toThrow('the browser has gone');
});
