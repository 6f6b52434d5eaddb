import { readFileSync } from 'node:fs';
import { assert, constantFrom, nat, property, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ApiError } from '#machinery/mod.ts';
import type { DecodedProtobuf } from './decode.ts';
import { decodeProtobuf } from './decode.ts';
import { messageOf, messageOfKind } from './messages.ts';
import { READERS } from './scalars.ts';

interface Sample {
  readonly what: string;
  readonly base64: string;
  readonly decoded: DecodedProtobuf;
}

const samples = parse(readFileSync(new URL('./samples.yaml', import.meta.url), 'utf8')) as readonly Sample[];
const bytesOf = ({ base64 }: Sample) => Uint8Array.from(Buffer.from(base64, 'base64'));

test.each(samples)('$what', (sample) => {
  expect(decodeProtobuf(bytesOf(sample))).toEqual(sample.decoded);
});

const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]);
const message = (number: number, bytes: readonly number[]) => [
  ...varint(number * 8 + 2),
  ...varint(bytes.length),
  ...bytes,
];
const words = (number: number, value: string) => message(number, [...new TextEncoder().encode(value)]);
const MAGIC = [0x6b, 0x38, 0x73, 0];
const body = (apiVersion: string, kind: string, raw: readonly number[], more: readonly number[] = []) =>
  Uint8Array.from([...MAGIC, ...message(1, [...words(1, apiVersion), ...words(2, kind)]), ...message(2, raw), ...more]);
const pod = (raw: readonly number[]) => body('v1', 'Pod', raw);
const metadata = (raw: readonly number[]) => pod(message(1, raw));
const spec = (raw: readonly number[]) => pod(message(2, raw));

test.each<[string, Uint8Array, object]>([
  ['the last of a field that comes twice', metadata([...words(1, 'a'), ...words(1, 'b')]), { metadata: { name: 'b' } }],
  [
    'nothing of fields it does not know',
    pod([...words(99, 'x'), 0xa0, 6, 1, 0xa1, 6, 1, 2, 3, 4, 5, 6, 7, 8, 0xa5, 6, 1, 2, 3, 4]),
    {},
  ],
  [
    'packed numbers',
    spec(message(14, message(4, [1, 2]))),
    { spec: { securityContext: { supplementalGroups: [1, 2] } } },
  ],
  ['negative numbers', metadata([0x38, ...Array.from({ length: 9 }, () => 0xff), 1]), { metadata: { generation: -1 } }],
  ['an entry without a value', metadata(message(11, words(1, 'a'))), { metadata: { labels: { a: '' } } }],
  ['no time where it was never set', metadata([...message(8, []), ...message(9, [])]), {}],
  [
    'a managed field as JSON',
    metadata(message(17, message(7, words(1, '{"f:a":{}}')))),
    { metadata: { managedFields: [{ fieldsV1: { 'f:a': {} } }] } },
  ],
  [
    'lists inside maps',
    body(
      'authorization.k8s.io/v1',
      'SubjectAccessReview',
      message(2, message(5, [...words(1, 'k'), ...message(2, [...words(1, 'a'), ...words(1, 'b')])])),
    ),
    { spec: { extra: { k: ['a', 'b'] } } },
  ],
])('reads %s', (_, bytes, object) => {
  expect(decodeProtobuf(bytes).object).toEqual(object);
});

test.each<[string, Uint8Array, string]>([
  ['nothing', new Uint8Array(), 'does not begin with the four bytes'],
  ['JSON', new TextEncoder().encode('{}'), 'does not begin with the four bytes'],
  ['no kind', Uint8Array.from(MAGIC), 'names no apiVersion and kind'],
  ['an unknown kind', body('v1', 'PodSpec', []), 'kind "PodSpec" of "v1" has no protobuf form here'],
  ['a custom kind', body('serving.knative.dev/v1', 'Service', []), 'has no protobuf form here'],
  ['compressed content', body('v1', 'Pod', [], words(3, 'gzip')), 'is encoded as "gzip"'],
  ['JSON content', body('v1', 'Pod', [], words(4, 'application/json')), 'is of type "application/json"'],
  ['a number in the envelope', Uint8Array.from([...MAGIC, 0x08, 1]), 'field 1 of the envelope holds a number'],
  ['a body cut short', pod([0x0a, 5, 1]), '5 bytes are announced where 1 are left'],
  ['a huge length', pod([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]), 'bytes are announced where'],
  [
    'an endless number',
    metadata([0x38, ...Array.from({ length: 11 }, () => 0xff)]),
    'a number is longer than ten bytes',
  ],
  ['a number cut short', metadata([0x38, 0xff]), 'a number ends early'],
  ['an unknown wire type', pod([0x0b]), 'field 1 has the unknown wire type 3'],
  ['field zero', pod([0x00]), 'field number 0 is out of range'],
  ['a number for a message', pod([0x08, 1]), 'field 1 holds a number where a message belongs'],
  ['a number for a text', metadata([0x08, 1]), 'field 1 holds a number where bytes belong'],
  ['bytes for a number', metadata(words(7, 'x')), 'field 7 holds bytes where a number belongs'],
  ['a number for an entry', metadata([0x58, 1]), 'where an entry of a map belongs'],
  ['text that is not UTF-8', metadata(message(1, [0xff])), 'a text is not valid UTF-8'],
  ['a time out of range', metadata(message(8, [0x10, 0x80, 0x94, 0xeb, 0xdc, 3])), 'a time is out of range'],
  [
    'bad JSON inside',
    metadata(message(17, message(7, words(1, '{')))),
    'a JSON value inside the message cannot be read',
  ],
  [
    'the way to a prototype',
    metadata(message(11, [...words(1, '__proto__'), ...words(2, 'x')])),
    'a field may not be named "__proto__"',
  ],
])('refuses %s', (_, bytes, why) => {
  expect(() => decodeProtobuf(bytes)).toThrow(why);
  expect(() => decodeProtobuf(bytes)).toThrow(expect.objectContaining({ code: 400 }) as Error);
});

/** Whatever the bytes, there is an answer or a 400. */
function survives(bytes: Uint8Array): void {
  try {
    decodeProtobuf(bytes);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ApiError);
    expect(thrown).toMatchObject({ code: 400 });
  }
}

test('any bytes are an object or a refusal', () => {
  assert(property(uint8Array({ maxLength: 200 }), (bytes) => survives(pod([...bytes]))));
});

test('a damaged body is an object or a refusal', () => {
  assert(
    property(constantFrom(...samples), nat(), nat(255), nat(), (sample, at, byte, end) => {
      const bytes = bytesOf(sample);
      bytes[at % bytes.length] = byte;
      survives(bytes.subarray(0, bytes.length - (end % 3)));
    }),
    { numRuns: 300 },
  );
});

test('every type that a table names is known', () => {
  const seen = new Set<string>();
  const visit = (reference: string): void => {
    if (seen.has(reference) || READERS[reference]) return;
    seen.add(reference);
    const fields = messageOf(reference);
    expect(fields, reference).toBeDefined();
    for (const { type } of fields?.values() ?? []) visit(type);
  };
  const KINDS = [
    'v1/Pod',
    'v1/Node',
    'apps/v1/Deployment',
    'apps/v1/StatefulSet',
    'batch/v1/CronJob',
    'autoscaling/v2/HorizontalPodAutoscaler',
    'v1/PersistentVolume',
    'v1/DeleteOptions',
  ];
  for (const kind of KINDS) {
    const slash = kind.lastIndexOf('/');
    const reference = messageOfKind(kind.slice(0, slash), kind.slice(slash + 1));
    expect(reference, kind).toBeDefined();
    visit(reference ?? '');
  }
  expect(seen.size).toBeGreaterThan(150);
});
