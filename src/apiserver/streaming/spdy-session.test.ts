import { constants, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { frameOf, SpdyClient, wordOf } from './spdy-client.fixture.ts';
import { DICTIONARY, emptyHeaders } from './spdy-headers.ts';
import { spdyStreams } from './spdy-session.ts';

const [word, frame] = [wordOf, frameOf];
const [SYN_STREAM, SYN_REPLY, RST_STREAM, PING] = [0x80030001, 0x80030002, 0x80030003, 0x80030006];

async function* inPieces(...chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const byte of Buffer.concat(chunks)) yield Buffer.from([byte]);
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += Buffer.from(chunk).toString();
  return text;
}

/** RFC 1950 §9, by which zlib names a dictionary. */
function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}

test('the dictionary is the one that everybody has', () => {
  expect([DICTIONARY.length, adler32(DICTIONARY)]).toEqual([1423, 0xe3c6a7c2]);
});

test('headers that are none can be unpacked, the first and the next', () => {
  const both = Buffer.concat([emptyHeaders(true), emptyHeaders(false)]);
  const plain = inflateSync(both, { dictionary: DICTIONARY, finishFlush: constants.Z_SYNC_FLUSH });
  expect(plain).toEqual(Buffer.alloc(8));
});

test('streams are opened, filled, answered and ended, however the bytes come', async () => {
  const client = new SpdyClient();
  const sent: Buffer[] = [];
  const incoming = inPieces(
    await client.open(1, { streamtype: 'error', port: '80' }),
    frame(PING, word(7)),
    await client.open(3, { streamtype: 'data', port: '80' }),
    client.data(3, 'hel'),
    client.data(3, 'lo', true),
    frame(RST_STREAM, Buffer.concat([word(1), word(5)])),
  );
  const heard: (readonly [string, Promise<string>])[] = [];
  for await (const stream of spdyStreams(incoming, async (bytes) => void sent.push(Buffer.from(bytes)))) {
    heard.push([stream.headers.get('streamtype') ?? '', textOf(stream.readable).catch(() => 'reset')]);
    if (heard.length === 2) await stream.send(Buffer.from('back'));
    if (heard.length === 2) await stream.end();
  }
  expect(await Promise.all(heard.map(async ([type, text]) => [type, await text]))).toEqual([
    ['error', 'reset'],
    ['data', 'hello'],
  ]);
  expect(sent).toEqual([
    frame(SYN_REPLY, Buffer.concat([word(1), emptyHeaders(true)])),
    frame(PING, word(7)),
    frame(SYN_REPLY, Buffer.concat([word(3), emptyHeaders(false)])),
    frame(3, Buffer.from('back')),
    frame(3, Buffer.alloc(0), 1),
  ]);
});

test.each([
  ['a frame without end', frame(3, Buffer.alloc(0)).fill(0xff, 5, 8), 'longer than'],
  ['another version', frame(0x80020001, Buffer.alloc(10)), 'expected SPDY version 3'],
  ['headers that are no headers', frame(SYN_STREAM, Buffer.alloc(20, 0x41)), 'incorrect header check'],
])('%s ends the connection', async (_, bytes, why) => {
  const streams = spdyStreams(inPieces(bytes), async () => {});
  await expect(streams.next()).rejects.toThrow(why);
});

test('headers that unpack to more than headers are end the connection before they are unpacked', async () => {
  const bomb = await new SpdyClient().open(1, { streamtype: 'x'.repeat(1_000_000) });
  expect(bomb.length).toBeLessThan(10_000);
  await expect(spdyStreams(inPieces(bomb), async () => {}).next()).rejects.toThrow('headers are longer than 16384');
});

test('a connection with many streams leaves nothing at its reader', async () => {
  const warned: Error[] = [];
  const note = (warning: Error) => void warned.push(warning);
  process.on('warning', note);
  const client = new SpdyClient();
  const opened: Buffer[] = [];
  for (let i = 0; i < 20; i++) opened.push(await client.open(2 * i + 1, { streamtype: 'data' }));
  let streams = 0;
  for await (const { headers } of spdyStreams(inPieces(...opened), async () => {})) streams += headers.size;
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', note);
  expect([streams, warned]).toEqual([20, []]);
});
