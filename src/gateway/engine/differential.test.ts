// The engine is never looser than Node's strict parser: known attacks, and generated requests.

import { readFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Bench } from './differential.fixture.ts';
import { STRICTER, complaint, openBench } from './differential.fixture.ts';
import { cutting, requestBytes } from './generate.fixture.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

interface BadInput {
  readonly why: string;
  readonly send?: string;
  readonly parts?: readonly string[];
}
const table = new URL('../../../test/bad-input/gateway.cases.yaml', import.meta.url);
const badInput = parse(await readFile(table, 'utf8')) as BadInput[];

const head = 'POST /a HTTP/1.1\r\nHost: h\r\n';
const hidden = 'GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n';

describe('beside the strict parser', () => {
  it.each(badInput.map(({ why, send = '', parts = [send] }) => [why, parts.join('')] as const))(
    '%s',
    async (_, bytes) => expect(complaint(await bench.judge(bytes))).toBeUndefined(),
  );

  it.each([
    ['CL.TE', `${head}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`],
    ['TE.CL', `${head}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n1c\r\n${hidden}0\r\n\r\n`],
    ['TE.TE, a tab before the value', `${head}Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['TE.TE, a vertical tab', `${head}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['TE.TE, a line feed within the name', `${head}X: x\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['TE.TE, a second one that is none', `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n`],
    ['TE.0, an extension that ends in a line feed', `${head}Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n0\r\n\r\n`],
    ['a chunk size with a blank', `${head}Transfer-Encoding: chunked\r\n\r\n2 \r\nxx\r\n0\r\n\r\n`],
    ['a chunk with LF behind', `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nxx\n0\r\n\r\n`],
    ['a trailer that frames', `${head}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 40\r\n\r\n${hidden}`],
    ['a trailer that closes', `${head}Transfer-Encoding: chunked\r\n\r\n0\r\nConnection: close\r\n\r\n${hidden}`],
    ['CL.0 on a GET', `GET / HTTP/1.1\r\nHost: h\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`],
    [
      'an upgrade to h2c, and more',
      `GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n${hidden}`,
    ],
    [
      'an upgrade with a body, and more',
      `${head}Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\nx${hidden}`,
    ],
    ['the preface of HTTP/2 in the middle', `${head}Content-Length: 0\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`],
    ['a length with a sign', `${head}Content-Length: +1\r\n\r\nx${hidden}`],
    ['a length folded over', `${head}Content-Length:\r\n 1\r\n\r\nx${hidden}`],
    ['a length behind NUL', `${head}Content-Length: 1\0\r\n\r\nx${hidden}`],
  ])('%s', async (_, bytes) => expect(complaint(await bench.judge(bytes))).toBeUndefined());

  it('is as strict or stricter for whatever comes, however it is cut', async () => {
    const property = fc.asyncProperty(requestBytes, cutting, async (bytes, cuts) => {
      expect(complaint(await bench.judge(bytes, cuts))).toBeUndefined();
    });
    await fc.assert(property, { numRuns: 1500, seed: 20_26 });
  });
});

describe('the comparison', () => {
  const of = (strict: string[], own: string[], why?: string) =>
    complaint({ bytes: '', strict: { taken: strict, why: undefined }, own: { taken: own, why } });

  it.each<[string, string | undefined, RegExp | undefined]>([
    ['alike', of(['a'], ['a']), undefined],
    ['looser', of([], ['a']), /^looser/],
    ['read otherwise', of(['a'], ['b']), /^read b/],
    ['stricter by the list', of(['a'], [], Object.keys(STRICTER)[0]), undefined],
    ['stricter for another reason', of(['a'], [], 'a whim'), /^stricter for no listed reason \(a whim\)/],
  ])('%s', (_, text, expected) => {
    if (expected) expect(text).toMatch(expected);
    else expect(text).toBeUndefined();
  });
});
