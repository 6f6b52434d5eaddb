// Bytes as the protobuf encoding guide has them, and whole messages read back, whatever is in them.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from './collector.fixture.ts';
import { Message } from './message.ts';

describe('a message', () => {
  it.each([
    ['a number', (to: Message) => to.int(1, 150), '089601'],
    ['a text', (to: Message) => to.text(2, 'testing'), '120774657374696e67'],
    ['a message within', (to: Message) => to.message(3, (inner) => inner.int(1, 150)), '1a03089601'],
    ['an empty message within', (to: Message) => to.message(3, () => {}), '1a00'],
    ['nothing, where it is the default', (to: Message) => to.int(1, 0).int(1, false).text(2, '').fixed32(3, 0), ''],
    ['the default, where it was chosen', (to: Message) => to.chosenInt(1, false).chosenText(2, ''), '08001200'],
    ['a negative number', (to: Message) => to.int(1, -2), '08feffffffffffffffff01'],
    ['the largest whole number', (to: Message) => to.int(1, Number.MAX_SAFE_INTEGER), '08ffffffffffffff0f'],
    ['a field with a large number', (to: Message) => to.int(16, 1), '800101'],
    ['bytes', (to: Message) => to.hex(1, '00ff10'), '0a0300ff10'],
    ['doubles', (to: Message) => to.packedDouble(1, [1]), '0a08000000000000f03f'],
    ['longs', (to: Message) => to.packedFixed64(1, [1, 2]), '0a1001000000000000000200000000000000'],
  ])('with %s', (_, write, hex) => expect(Buffer.from(write(new Message()).done()).toString('hex')).toBe(hex));

  it('is read back as it was written, however long and deep', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { maxLength: 12 });
    const shape = { 1: ['texts', 'text', 'many'], 2: ['within', { 1: ['texts', 'text', 'many'] }] } as const;
    fc.assert(
      fc.property(texts, texts, (outer, inner) => {
        const add = (to: Message, all: readonly string[]) => {
          for (const one of all) to.chosenText(1, one);
        };
        const message = new Message();
        message.message(2, (within) => add(within, inner));
        add(message, outer);
        const { texts: outerRead = [], within } = decode(Buffer.from(message.done()), shape) as {
          texts?: string[];
          within: { texts?: string[] };
        };
        const usual = (all: readonly string[]) => all.map((one) => one.toWellFormed());
        expect([outerRead, within.texts ?? []]).toEqual([usual(outer), usual(inner)]);
      }),
    );
  });
});
