import type { JsonValue } from 'fast-check';
import { assert, constantFrom, jsonValue, letrec, oneof, dictionary, array, property } from 'fast-check';
import { expect, test } from 'vitest';
import { deepFreeze, isRecord } from '#base/mod.ts';
import { ApiError } from './api-error.ts';
import { decodeObject } from './decode.ts';
import type { Kind } from './kind.ts';
import { defineKind } from './kind.ts';
import { Problems } from './problems.ts';
import {
  any,
  bytes,
  flag,
  int32,
  intOrString,
  list,
  listByKey,
  map,
  object,
  openObject,
  quantity,
  set,
  text,
  time,
} from './schema.ts';
import { checkShape } from './shape.ts';

const Part = object({ name: text().required(), port: intOrString(), protocol: text().default('TCP') });
const DEFINITION = {
  apiVersion: 'x.example.com/v1',
  kind: 'Thing',
  names: { plural: 'things' },
  scope: 'Namespaced',
  doc: 'A thing.',
  spec: object({
    size: int32().with({ minimum: 1, maximum: 9 }),
    word: text().with({ pattern: '^[a-z]+$', minLength: 2, maxLength: 4 }),
    colour: text().with({ enum: ['red', 'blue'] }),
    maybe: text().with({ nullable: true }),
    on: flag(),
    parts: listByKey(Part, 'name').with({ maxItems: 2 }),
    tags: set(text()),
    sizes: list(int32()).with({ minItems: 1 }),
    labels: map(text()),
    memory: quantity(),
    at: time(),
    blob: bytes(),
    free: any(),
    open: openObject({ name: text() }),
  }),
  status: object({ phase: text() }),
} as const;
const BuiltIn = defineKind({ ...DEFINITION });
const Custom = defineKind({ ...DEFINITION, custom: true });

const thing = (spec: unknown) => ({ apiVersion: 'x.example.com/v1', kind: 'Thing', metadata: { name: 'a' }, spec });
const specOf = (kind: typeof BuiltIn, spec: unknown) =>
  decodeObject(kind, thing(spec), { fieldValidation: 'Ignore' }).object.spec;

test.each<[string, typeof BuiltIn, unknown, unknown]>([
  ['a missing spec', BuiltIn, undefined, {}],
  ['a null spec', Custom, null, {}],
  ['nulls', BuiltIn, { size: null, labels: { a: null, b: 'c' }, tags: null }, { labels: { a: '', b: 'c' } }],
  [
    'null where it may stand',
    Custom,
    { maybe: null, size: null, open: { x: null } },
    { maybe: null, open: { x: null } },
  ],
  ['null where anything may stand', BuiltIn, { free: null }, { free: null }],
  ['and nowhere of a custom kind', Custom, { free: null, labels: { a: null, b: 'c' } }, { labels: { b: 'c' } }],
  ['null in a list', BuiltIn, { tags: [null, 'a'], sizes: [null] }, { tags: ['', 'a'], sizes: [0] }],
  ['defaults in entries', BuiltIn, { parts: [{ name: 'p' }] }, { parts: [{ name: 'p', protocol: 'TCP' }] }],
  [
    'a default in place of null',
    Custom,
    { parts: [{ name: 'p', protocol: null }] },
    { parts: [{ name: 'p', protocol: 'TCP' }] },
  ],
  ['a quantity as a number', BuiltIn, { memory: 1.5 }, { memory: '1500m' }],
  ['a quantity in canonical form', BuiltIn, { memory: '2048Mi' }, { memory: '2Gi' }],
  ['a quantity of a custom kind', Custom, { memory: '0.5' }, { memory: '500m' }],
  ['a quantity of a kind defined at run time', { ...Custom, isDynamic: true }, { memory: 1.5 }, { memory: 1.5 }],
  [
    'unknown fields',
    BuiltIn,
    { sise: 1, parts: [{ name: 'p', x: 1, protocol: 'U' }] },
    { parts: [{ name: 'p', protocol: 'U' }] },
  ],
  [
    'kept fields',
    BuiltIn,
    { open: { name: 'n', x: [1, null] }, free: { y: [null] } },
    { open: { name: 'n', x: [1, null] }, free: { y: [null] } },
  ],
  ['base64 in lines', BuiltIn, { blob: 'YWJj\nZGVm' }, { blob: 'YWJjZGVm' }],
])('decoding %s', (_, kind, spec, decoded) => {
  expect(specOf(kind, spec)).toEqual(decoded);
});

test('the result shares nothing with what came in', () => {
  const input = deepFreeze(thing({ free: { a: [1] }, tags: ['x'] }));
  const { object: decoded } = decodeObject(BuiltIn, input, { fieldValidation: 'Ignore' });
  expect(decoded.spec).toEqual({ free: { a: [1] }, tags: ['x'] });
  expect(Object.isFrozen(decoded.spec.free)).toBe(false);
});

const PREFIX = 'Thing in version "v1" cannot be handled as a Thing: ';
const FIELD = (met: string, path: string, type: string) =>
  `${PREFIX}json: cannot unmarshal ${met} into Go struct field Thing.${path} of type ${type}`;

test.each<[unknown, string]>([
  [{ size: 'big' }, FIELD('string', 'spec.size', 'int32')],
  [{ size: 1.5 }, FIELD('number 1.5', 'spec.size', 'int32')],
  [{ size: 2 ** 31 }, FIELD('number 2147483648', 'spec.size', 'int32')],
  [{ word: 1 }, FIELD('number', 'spec.word', 'string')],
  [{ on: 'yes' }, FIELD('string', 'spec.on', 'bool')],
  [{ labels: [] }, FIELD('array', 'spec.labels', 'map[string]string')],
  [{ labels: { a: true } }, FIELD('bool', 'spec.labels.a', 'string')],
  [{ tags: {} }, FIELD('object', 'spec.tags', '[]string')],
  [{ parts: [{ name: {} }] }, FIELD('object', 'spec.parts.name', 'string')],
  [{ memory: 'lots' }, `${PREFIX}spec.memory: quantities must match the regular expression`],
  [{ at: 'noon' }, `${PREFIX}spec.at: parsing time "noon" as "2006-01-02T15:04:05Z07:00": cannot parse "noon"`],
  [{ blob: '====' }, `${PREFIX}spec.blob: illegal base64 data at input byte 0`],
])('a built-in kind refuses %j', (spec, message) => {
  const decode = () => specOf(BuiltIn, spec);
  expect(decode).toThrow(message);
  expect(decode).toThrow(expect.objectContaining({ code: 400, reason: 'BadRequest' }) as Error);
});

test('a custom kind tells of all wrong types at once', () => {
  const decode = () =>
    specOf(Custom, { size: 'big', word: 1, parts: [{ name: {} }], at: 'noon', labels: { a: 1 }, tags: {} });
  const told = (path: string, met: string, type: string) => ({
    reason: 'FieldValueTypeInvalid',
    field: path,
    message: `Invalid value: "${met}": ${path} in body must be of type ${type}: "${met}"`,
  });
  expect(decode).toThrow(
    expect.objectContaining({
      code: 422,
      status: expect.objectContaining({
        details: {
          name: 'a',
          group: 'x.example.com',
          kind: 'Thing',
          causes: [
            told('spec.size', 'string', 'integer'),
            told('spec.word', 'integer', 'string'),
            told('spec.parts[0].name', 'object', 'string'),
            {
              reason: 'FieldValueInvalid',
              field: 'spec.at',
              message: 'Invalid value: "noon": spec.at in body must be of type date-time: "noon"',
            },
            told('spec.labels.a', 'integer', 'string'),
            told('spec.tags', 'object', 'array'),
          ],
        },
      }) as object,
    }) as Error,
  );
});

test('metadata is read alike in all kinds', () => {
  const input = { ...thing({}), metadata: { name: 1 } };
  for (const kind of [BuiltIn, Custom]) {
    expect(() => decodeObject(kind, input, { fieldValidation: 'Ignore' })).toThrow(
      FIELD('number', 'metadata.name', 'string'),
    );
  }
});

test.each(['Ignore', 'Warn', 'Strict'] as const)('unknown fields with %s', (fieldValidation) => {
  const decode = () => decodeObject(Custom, thing({ sise: 1, parts: [{ name: 'p', x: 1 }] }), { fieldValidation });
  const unknown = ['unknown field "spec.sise"', 'unknown field "spec.parts[0].x"'];
  if (fieldValidation === 'Strict') expect(decode).toThrow(`${PREFIX}strict decoding error: ${unknown.join(', ')}`);
  else expect(decode().warnings).toEqual(fieldValidation === 'Warn' ? unknown : []);
});

test.each<[string, unknown, string[]]>([
  ['nothing', { size: 9, word: 'abc', colour: 'red', tags: ['a'], sizes: [1] }, []],
  ['bounds', { size: 0 }, ['spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1']],
  ['bounds', { size: 10 }, ['spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9']],
  ['a pattern', { word: 'ABC' }, [`spec.word: Invalid value: "ABC": spec.word in body should match '^[a-z]+$'`]],
  ['length', { word: 'a' }, ['spec.word: Invalid value: "a": spec.word in body should be at least 2 chars long']],
  ['length', { word: 'abcde' }, ['spec.word: Too long: may not be more than 4 bytes']],
  ['a word', { colour: 'green' }, ['spec.colour: Unsupported value: "green": supported values: "red", "blue"']],
  ['what is missing', { parts: [{}] }, ['spec.parts[0].name: Required value']],
  [
    'too many',
    { parts: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] },
    ['spec.parts: Too many: 3: must have at most 2 items'],
  ],
  ['too few', { sizes: [] }, ['spec.sizes: Invalid value: 0: spec.sizes in body should have at least 1 items']],
  ['keys twice', { parts: [{ name: 'a' }, { name: 'a' }] }, ['spec.parts[1]: Duplicate value: {"name":"a"}']],
  ['values twice', { tags: ['a', 'a'] }, ['spec.tags[1]: Duplicate value: "a"']],
  ['types', { size: 'x' }, ['spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"']],
])('the shape has %s at fault', (_, spec, found) => {
  const problems = new Problems();
  checkShape(Custom, thing(spec), problems);
  expect(problems.all.map(({ path, message }) => `${path}: ${message}`)).toEqual(found);
});

test('Go leaves empty maps and lists out of built-in kinds; an apply keeps what it names', () => {
  const input = thing({ tags: [], labels: {}, parts: [] });
  const specOf = (kind: Kind, keepsEmpty?: boolean) =>
    (
      decodeObject(kind, input, { fieldValidation: 'Strict', ...(keepsEmpty ? { keepsEmpty } : {}) }).object as {
        spec?: unknown;
      }
    ).spec;
  expect(specOf(BuiltIn)).toEqual({});
  expect(specOf(BuiltIn, true)).toEqual({ tags: [], labels: {}, parts: [] });
  expect(specOf(Custom)).toEqual({ tags: [], labels: {}, parts: [] });
});

const FIELDS = [
  'apiVersion',
  'kind',
  'metadata',
  'spec',
  'status',
  'name',
  'labels',
  'size',
  'parts',
  'tags',
  'free',
  'open',
  '__proto__',
  'constructor',
  'toString',
];
const { wild } = letrec<{ wild: JsonValue }>((tie) => ({
  wild: oneof(
    { maxDepth: 5 },
    jsonValue({ maxDepth: 1 }),
    array(tie('wild'), { maxLength: 3 }),
    dictionary(constantFrom(...FIELDS), tie('wild'), { maxKeys: 5 }),
  ),
}));

test('whatever comes in, the outcome is an object that decodes to itself, or a refusal', () => {
  assert(
    property(wild, constantFrom(BuiltIn, Custom), (value, kind) => {
      const input = isRecord(value) ? { ...value, apiVersion: kind.apiVersion, kind: kind.kind } : value;
      const before = JSON.stringify(input);
      try {
        const { object: once } = decodeObject(kind, input, { fieldValidation: 'Ignore' });
        const again = decodeObject(kind, once, { fieldValidation: 'Strict' });
        expect(again.object).toEqual(once);
        checkShape(kind, once, new Problems());
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ApiError);
      }
      expect(JSON.stringify(input)).toBe(before);
    }),
    { numRuns: 500 },
  );
});
