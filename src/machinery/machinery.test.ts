import { expect, test } from 'vitest';
import { living, Marker } from './conditions.ts';
import type { Conditioned } from './conditions.ts';
import { crdOf, kindsOfCrd } from './crd.ts';
import { decodeObject } from './decode.ts';
import { applyDefaults } from './defaults.ts';
import { FieldErrors } from './field-errors.ts';
import { compileJsonPath } from './jsonpath.ts';
import { defineKind } from './kind.ts';
import type { KubeObject } from './meta.ts';
import { Problems } from './problems.ts';
import type { SchemaNode } from './schema.ts';
import { int32, list, object, quantity, text } from './schema.ts';
import { checkShape } from './shape.ts';
import { parseFieldSelector } from './field-selector.ts';
import { parseLabelSelector } from './label-selector.ts';
import { tableOf } from './table.ts';
import { field } from './columns.ts';

const Thing = defineKind({
  apiVersion: 'x.example.com/v1',
  kind: 'Thing',
  names: { plural: 'things', short: ['th'] },
  scope: 'Namespaced',
  doc: 'A thing.',
  custom: true,
  spec: object({
    size: int32().required().with({ minimum: 1 }),
    colour: text().default('red'),
    parts: list(object({ name: text().required() })),
    memory: quantity(),
  }),
  status: object({ phase: text() }),
  columns: { Size: field('spec.size', 'integer') },
  selectableFields: ['status.phase'],
});
const Plain = { ...Thing, custom: false };
const thing = (spec: unknown, more = {}) => ({
  apiVersion: 'x.example.com/v1',
  kind: 'Thing',
  metadata: { name: 'a', labels: { app: 'web', tier: 'front' } },
  spec,
  ...more,
});

test('decoding prunes what is unknown and tells of it', () => {
  const { object: decoded, warnings } = decodeObject(
    Thing,
    thing({ size: 1, sise: 2, parts: [{ name: 'p', x: 1 }] }, { extra: true }),
    { fieldValidation: 'Warn' },
  );
  expect(decoded).toMatchObject({ spec: { size: 1, parts: [{ name: 'p' }] } });
  expect(warnings).toEqual(['unknown field "spec.sise"', 'unknown field "spec.parts[0].x"', 'unknown field "extra"']);
});

test.each<[string, unknown, 'Strict' | 'Ignore', string]>([
  [
    'another kind',
    { ...thing({}), kind: 'Other' },
    'Ignore',
    'the kind in the data (Other) does not match the expected kind (Thing)',
  ],
  ['a list', [], 'Ignore', 'expected an object of kind Thing, met array'],
  [
    'an unknown field when strict',
    thing({ size: 1, sise: 2 }),
    'Strict',
    'strict decoding error: unknown field "spec.sise"',
  ],
  [
    'a wrong type in a built-in kind',
    thing({ size: 'big' }),
    'Ignore',
    'json: cannot unmarshal string into Go struct field Thing.spec.size of type int32',
  ],
])('%s is refused with 400', (_, input, fieldValidation, message) => {
  expect(() => decodeObject(Plain, input, { fieldValidation })).toThrow(message);
});

test('a prototype is no field', () => {
  const { object: decoded } = decodeObject(Thing, JSON.parse('{"spec":{"size":1},"__proto__":{"polluted":1}}'), {
    fieldValidation: 'Ignore',
  });
  expect((decoded as unknown as { polluted?: number }).polluted).toBeUndefined();
});

test.each<[string, unknown, string[]]>([
  ['nothing', { size: 1 }, []],
  ['a missing field', {}, ['spec.size: Required value']],
  ['a bound', { size: 0 }, ['spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1']],
  [
    'a type',
    { size: 'big' },
    ['spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'],
  ],
  [
    'a quantity',
    { size: 1, memory: 'lots' },
    [expect.stringContaining('spec.memory: Invalid value: "lots": spec.memory in body should match') as string],
  ],
  ['a field inside a list', { size: 1, parts: [{}] }, ['spec.parts[0].name: Required value']],
])('the shape has %s at fault', (_, spec, found) => {
  const problems = new Problems();
  checkShape(Thing, thing(spec), problems);
  expect(problems.all.map(({ path, message }) => `${path}: ${message}`)).toEqual(found);
});

test('defaults of the schema are filled in', () => {
  const made = thing({ size: 1 });
  applyDefaults(Thing, made);
  expect(made.spec).toEqual({ size: 1, colour: 'red' });
});

test('defaults are filled in however deep a schema contains itself', () => {
  const fields: Record<string, SchemaNode> = {};
  const tree: SchemaNode = { type: 'object', fields, required: [] };
  fields.twig = { type: 'object', fields: { tree }, required: [] };
  fields.colour = { type: 'string', default: 'green' };
  const made = { twig: { tree: { twig: {} } } };
  applyDefaults({ schema: tree }, made);
  expect(made).toEqual({ colour: 'green', twig: { tree: { colour: 'green', twig: {} } } });
});

test.each([
  ['app=web', true],
  ['app==web,tier!=back', true],
  ['app in (web,api),tier notin (back)', true],
  ['app', true],
  ['!app', false],
  ['!other', true],
  ['app=api', false],
  ['', true],
])('the selector %j matches: %j', (selector, result) => {
  expect(parseLabelSelector(selector).matches({ app: 'web', tier: 'front' })).toBe(result);
});

test.each(['a b', 'a=b c', '=x', 'a in web', 'bad key!=x'])('the selector %j is refused', (selector) => {
  expect(() => parseLabelSelector(selector)).toThrow(expect.objectContaining({ code: 400 }) as Error);
});

test('fields that a kind does not offer cannot be selected by', () => {
  const object = { ...thing({ size: 1 }), status: { phase: 'Running' } } as unknown as KubeObject;
  expect(parseFieldSelector('status.phase!=Pending,metadata.name=a', Thing).matches(object)).toBe(true);
  expect(() => parseFieldSelector('spec.size=1', Thing)).toThrow('field label not supported: spec.size');
});

test.each([
  ['.spec.size', 3],
  ["{.metadata.labels['app\\.kubernetes\\.io/name']}", 'x'],
  ['.status.conditions[?(@.type=="Ready")].status', 'True'],
  ['.status.conditions[0].type', 'Ready'],
  ['.status.none', undefined],
])('the path %s leads to %j', (path, value) => {
  const object = {
    spec: { size: 3 },
    metadata: { labels: { 'app.kubernetes.io/name': 'x' } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
  expect(compileJsonPath(path)(object)[0]).toBe(value);
});

test('a kind survives the way through its CustomResourceDefinition', () => {
  const [back] = kindsOfCrd(crdOf([Thing]) as unknown as KubeObject);
  expect(back).toMatchObject({
    apiVersion: Thing.apiVersion,
    kind: 'Thing',
    names: Thing.names,
    hasStatus: true,
    resource: 'x.example.com/things',
  });
  const table = tableOf(back ?? Thing, [thing({ size: 3 })], {
    now: 0,
    includeObject: 'None',
  });
  expect(table.rows).toEqual([{ cells: ['a', 3] }]);
});

test('errors of Knative are merged by their message, their paths united', () => {
  const errors = new FieldErrors()
    .missing('spec.b')
    .missing('spec.a')
    .generic('Traffic targets sum to 90, want 100', 'spec.traffic');
  expect(errors.text).toBe('Traffic targets sum to 90, want 100: spec.traffic\nmissing field(s): spec.a, spec.b');
});

test('Ready follows its dependents: a False one wins, then an Unknown one', () => {
  const status: Conditioned = {};
  const mark = new Marker(living('A', 'B'), status, () => 0);
  mark.initialize();
  const ready = () => [mark.get('Ready')?.status, mark.get('Ready')?.reason];
  expect(ready()).toEqual(['Unknown', undefined]);
  mark.true('A');
  mark.false('B', 'Broken', 'x');
  expect(ready()).toEqual(['False', 'Broken']);
  mark.unknown('A', 'Waiting', 'y');
  expect(ready()).toEqual(['False', 'Broken']);
  mark.true('B');
  expect(ready()).toEqual(['Unknown', 'Waiting']);
  mark.true('A');
  expect(ready()).toEqual(['True', undefined]);
  mark.false('Note', 'Idle', 'z');
  expect([...ready(), mark.get('Note')?.severity]).toEqual(['True', undefined, 'Info']);
});
