// Events by chance, for properties: every kind of attribute, value and data that a producer could send.

import * as fc from 'fast-check';
import type { AttributeValue, CloudEvent } from '../event.ts';

const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

/** Unicode without halves of pairs; control characters are let pass, as Knative lets them. */
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('a b', '100%', '%41', '%25', '"quoted"', '\\', 'Euro € 😀', 'é', '\u0000', 'a,b;c=d'),
);
const notBlank = text.filter((value) => value.trim() !== '');

const segment = fc.oneof(
  fc.stringMatching(/^[a-zA-Z\d._~!$&'()*+,;=@-]{1,8}$/),
  fc.constantFrom('a%20b', '%2F', '100%25', '%2520', 'caf%C3%A9'),
);
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const absolute = fc
  .tuple(
    fc.constantFrom('http', 'urn', 'x.y-z+1'),
    fc.constantFrom('', '//host', '//host:80', '//[::1]:80', '//u@host'),
    path,
  )
  .map(([scheme, host, rest]) => `${scheme}:${host}${rest}`);
const uri = fc.oneof(
  absolute,
  path,
  segment,
  path.map((rest) => `${rest}?q=a:b%20c#f`),
);

const time = fc
  .tuple(
    fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
    fc.constantFrom('', '.5', '.123456789'),
    fc.constantFrom('Z', '+02:00', '-11:30'),
  )
  .map(([date, fraction, zone]) => date.toISOString().slice(0, 19) + fraction + zone);

const mediaTypes = fc.constantFrom(
  'application/json',
  'text/json; charset=utf-8',
  'application/vnd.x+json',
  'text/plain',
  'TEXT/Plain; Charset="iso-8859-1"',
  'application/octet-stream',
  'application/xml',
);

const json = fc.oneof(
  fc.json(),
  fc.json().map((value) => ` ${value}\n`),
  fc.jsonValue().map((value) => JSON.stringify(value, undefined, 2)),
  fc.constantFrom('1.0', '-0', '1e400', '123456789012345678901234567890', '{"a":1,"a":2}', '"\\u00e9\\/"', 'null', '{'),
);
const data = fc.oneof(
  fc.constant(undefined),
  fc.uint8Array({ maxLength: 64 }),
  json.map((value) => new Uint8Array(Buffer.from(value))),
  text.map((value) => new Uint8Array(Buffer.from(value))),
);

const extensionName = fc
  .oneof(fc.stringMatching(/^[a-z\d]{1,20}$/), fc.constantFrom('constructor', 'partitionkey', 'traceparent'))
  .filter((name) => !CORE.has(name));
const CORE: ReadonlySet<string> = new Set(
  'specversion id source type datacontenttype datacontentencoding dataschema schemaurl subject time data'.split(' '),
);
const extension: fc.Arbitrary<AttributeValue> = fc.oneof(text, fc.integer(INT32), fc.boolean());

/** A valid event of either version, attributes in any order. */
export const anyEvent: fc.Arbitrary<CloudEvent> = fc
  .record(
    {
      specversion: fc.constantFrom('1.0', '0.3'),
      id: notBlank,
      source: uri,
      type: notBlank,
      datacontenttype: mediaTypes,
      schema: absolute,
      subject: notBlank,
      time,
      extensions: fc.dictionary(extensionName, extension, { maxKeys: 4, noNullPrototype: true }),
      data,
      turn: fc.nat({ max: 20 }),
    },
    { requiredKeys: ['specversion', 'id', 'source', 'type', 'extensions', 'data', 'turn'] },
  )
  .map(({ extensions, data: bytes, turn, schema, ...core }) => {
    const named = schema === undefined ? {} : { [core.specversion === '1.0' ? 'dataschema' : 'schemaurl']: schema };
    const entries: [string, AttributeValue][] = Object.entries({ ...core, ...named, ...extensions });
    const at = turn % entries.length;
    return { attributes: new Map([...entries.slice(at), ...entries.slice(0, at)]), data: bytes };
  });

/** Header values as careless senders write them: anything that HTTP lets through. */
export const anyHeaderValue = fc.oneof(
  fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,20}[\x21-\x7e])?$/),
  fc
    .array(fc.constantFrom('%', '%20', '%25', '%c3%a9', '%C3', '"', '\\', ' ', 'a', 'é', '€'), { maxLength: 8 })
    .map((parts) => Buffer.from(parts.join('').trim()).toString('latin1')),
);
