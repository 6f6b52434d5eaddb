import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CloudEvent } from '../event.ts';
import { anyEvent, anyHeaderValue } from './events.fixture.ts';
import { decodeHttp, encodeBinary } from './http.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import { difference, roundTripFault } from './round-trips.fixture.ts';

describe('an event', () => {
  test('comes back from every mode and from the log as it was', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(roundTripFault(event)).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  test('in binary mode goes on as it was written, whoever wrote it', () => {
    fc.assert(
      fc.property(anyHeaderValue, anyHeaderValue, (subject, more) => {
        const headers = ['ce-specversion', '1.0', 'ce-id', '1', 'ce-source', '/s', 'ce-type', 't'];
        headers.push('ce-subject', subject || 'x', 'ce-more', more);
        const decoded = decodeHttp(headers, new Uint8Array(0));
        if (decoded.outcome !== 'event') {
          expect(decoded).toMatchObject({ outcome: 'malformed', problem: expect.stringMatching(/UTF-8|not empty/) });
          return;
        }
        expect(encodeBinary(decoded.event).headers).toEqual(headers);
        const back = decodeRecord(encodeRecord({ event: decoded.event, headers: [] }));
        expect(difference('record', decoded.event, back.event)).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  test('keeps JSON data as it stands in the document, whatever the spaces around it', () => {
    const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
    fc.assert(
      fc.property(fc.json(), space, space, (data, before, behind) => {
        const document = `{"specversion":"1.0","id":"1","source":"/s","data":${before}${data}${behind},"type":"t"}`;
        const decoded = decodeHttp(['content-type', 'application/cloudevents+json'], Buffer.from(document));
        if (decoded.outcome !== 'event') throw new Error(decoded.outcome);
        expect(Buffer.from(encodeBinary(decoded.event).body).toString()).toBe(data);
      }),
    );
  });
});

describe('what is no event', () => {
  test('never throws, whatever the bytes', () => {
    const structured = ['content-type', 'application/cloudevents+json'];
    const batched = ['content-type', 'application/cloudevents-batch+json'];
    const document = Buffer.from(
      '{"specversion":"1.0","id":"1","source":"/s","type":"t","a":true,"data":[{"b":-1.5e3}]}',
    );
    fc.assert(
      fc.property(
        fc.nat({ max: document.length - 1 }),
        fc.uint8Array({ maxLength: 3 }),
        fc.nat({ max: 3 }),
        (at, put, cut) => {
          const bytes = Buffer.concat([document.subarray(0, at), put, document.subarray(at + cut)]);
          const { outcome } = decodeHttp(structured, bytes);
          expect(['event', 'malformed']).toContain(outcome);
          if (outcome === 'event') expect(() => JSON.parse(bytes.toString()) as unknown).not.toThrow();
          expect(decodeHttp(batched, bytes).outcome).toBe('malformed');
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('a payload of the log', () => {
  const event: CloudEvent = { attributes: new Map([['id', '1']]), data: new Uint8Array([1, 2, 3]) };
  const payload = encodeRecord({ event, headers: [] });

  test('is a byte or two longer a text than the event', () => {
    expect(payload).toHaveLength(1 + 1 + 2 + 'id1'.length + 3);
  });

  test('keeps text of any length', () => {
    const long: CloudEvent = { attributes: new Map([['id', 'x'.repeat(1_000_000)]]), data: undefined };
    expect(decodeRecord(encodeRecord({ event: long, headers: [] })).event.attributes.get('id')).toHaveLength(1_000_000);
  });

  test.each([
    ['of no bytes', new Uint8Array(0), 'has form 1, not 0'],
    ['of a later form', new Uint8Array([2]), 'has form 1, not 2'],
    ['that is cut off amid its lengths', payload.subarray(0, 3), 'all its lengths'],
    ['that names more lengths than there are bytes', new Uint8Array([1, 100]), 'room for 200 lengths'],
    ['that is cut off amid its text', payload.subarray(0, 5), 'has 7 bytes or more, not 5'],
  ])('%s is refused', (_, bytes, problem) => {
    expect(() => decodeRecord(bytes)).toThrow(problem);
  });
});
