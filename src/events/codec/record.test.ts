import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AttributeValue } from '../event.ts';
import { decodeRecord, encodeRecord } from './record.ts';

const value: fc.Arbitrary<AttributeValue> = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean());
const attributes = fc.array(fc.tuple(fc.stringMatching(/^[a-z0-9]{1,20}$/), value)).map((all) => new Map(all));
const bytes = fc.option(fc.uint8Array(), { nil: undefined });
const headers = fc.array(fc.tuple(fc.string(), fc.string())).map((all) => all.flat());

test('an event comes back from the log as it went there', () => {
  fc.assert(
    fc.property(attributes, bytes, headers, fc.boolean(), (all, data, beside, isWritten) => {
      const event = isWritten
        ? { attributes: all, data, written: new Map([['subject', 'a%20b']]) }
        : { attributes: all, data };
      const back = decodeRecord(encodeRecord({ event, headers: beside }));
      expect([...back.event.attributes]).toEqual([...all]);
      expect(back.event.data && [...back.event.data]).toEqual(data && [...data]);
      expect(back.event.written).toEqual(isWritten ? event.written : undefined);
      expect(back.headers).toEqual(beside);
    }),
  );
});

test('a record of another form is refused', () => {
  expect(() => decodeRecord(Buffer.from([9, 0, 0, 0, 0, 0]))).toThrow('has form 1, not 9');
});
