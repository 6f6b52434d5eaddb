// OpenAPI v3 of kinds: the schema that kubectl validates, merges and explains by.

import type { Json, JsonObject } from '#base/mod.ts';
import { isRecord, QUANTITY_PATTERN, SCHEMA_QUANTITY_PATTERN } from '#base/mod.ts';
import type { Kind } from './kind.ts';
import type { SchemaNode } from './schema.ts';
import type { NodeOf } from './walk.ts';

/** For whom a schema is written: a client also reads how strategic merge knows entries of lists; a CRD may not say it. */
export type SchemaReader = 'client' | 'crd';

/** A node as an OpenAPI schema. */
export function openApiOf(node: SchemaNode, reader: SchemaReader = 'crd'): JsonObject {
  return {
    ...shapeOf(node, reader),
    ...(node.doc ? { description: node.doc } : {}),
    ...(node.default === undefined ? {} : { default: node.default }),
    ...(node.nullable ? { nullable: true } : {}),
  };
}

function shapeOf(node: SchemaNode, reader: SchemaReader): JsonObject {
  switch (node.type) {
    case 'string':
      return { type: 'string', ...picked(node, ['format', 'enum', 'pattern', 'minLength', 'maxLength']) };
    case 'integer':
      return { type: 'integer', ...picked(node, ['format', 'minimum', 'maximum']) };
    case 'number':
      return { type: 'number', ...picked(node, ['minimum', 'maximum']) };
    case 'boolean':
      return { type: 'boolean' };
    case 'quantity':
      return {
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        pattern: SCHEMA_QUANTITY_PATTERN,
        'x-kubernetes-int-or-string': true,
      };
    case 'intOrString':
      return { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };
    case 'any':
      return { 'x-kubernetes-preserve-unknown-fields': true };
    case 'map':
      return {
        type: 'object',
        additionalProperties: openApiOf(node.values, reader),
        ...(node.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      };
    case 'object':
      return objectShape(node, reader);
    default:
      return listShape(node, reader);
  }
}

function objectShape(node: NodeOf<'object'>, reader: SchemaReader): JsonObject {
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(node.fields).map(([name, field]) => [name, openApiOf(field, reader)]),
    ),
    ...(node.required.length > 0 ? { required: [...node.required] } : {}),
    ...(node.preserveUnknown ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...(node.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  };
}

function listShape(node: NodeOf<'list'>, reader: SchemaReader): JsonObject {
  return {
    type: 'array',
    items: openApiOf(node.items, reader),
    ...(reader === 'client' ? patchShape(node) : {}),
    'x-kubernetes-list-type': node.listType,
    ...(node.listType === 'map' ? { 'x-kubernetes-list-map-keys': [...node.keys] } : {}),
    ...picked(node, ['minItems', 'maxItems']),
  };
}

/** How strategic merge treats a list; it knows entries by one key, where apply may need several. */
function patchShape({ listType, keys }: NodeOf<'list'>): JsonObject {
  if (listType === 'atomic') return {};
  const [key] = keys;
  return {
    'x-kubernetes-patch-strategy': 'merge',
    ...(key === undefined ? {} : { 'x-kubernetes-patch-merge-key': key }),
  };
}

function picked(node: object, names: readonly string[]): JsonObject {
  const entries = Object.entries(node) as [string, Json | undefined][];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, Json] => names.includes(entry[0]) && entry[1] !== undefined),
  );
}

/** The name of a kind's schema among components: `io.k8s.api.apps.v1.Deployment`, `dev.knative.serving.v1.Service`. */
export function componentName({ group, version, kind, custom }: Kind): string {
  const domain = custom ? group.split('.').toReversed().join('.') : `io.k8s.api.${group.split('.')[0] || 'core'}`;
  return `${domain}.${version}.${kind}`;
}

const QUERY = (name: string): JsonObject => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } });
/** kubectl asks for dry run and strict fields only where a path lists these. */
const WRITE_PARAMETERS = [QUERY('dryRun'), QUERY('fieldManager'), QUERY('fieldValidation')];

/** The document of one group-version. */
export function openApiDocument(kinds: readonly Kind[], version: string): JsonObject {
  const components = kinds.flatMap((kind): [string, JsonObject][] => [
    [componentName(kind), componentOf(kind, kind.kind)],
    [`${componentName(kind)}List`, listComponent(kind)],
  ]);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version },
    paths: Object.fromEntries(kinds.flatMap(pathsOf)),
    components: {
      schemas: {
        ...Object.fromEntries(components),
        [DELETE_OPTIONS]: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
  };
}

const DELETE_OPTIONS = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';

function gvk({ group, version }: Kind, kind: string): JsonObject {
  return { group, version, kind };
}

function componentOf(kind: Kind, name: string): JsonObject {
  return {
    ...openApiOf(kind.schema, kind.custom ? 'crd' : 'client'),
    ...(kind.doc ? { description: kind.doc } : {}),
    'x-kubernetes-group-version-kind': [gvk(kind, name)],
  };
}

function listComponent(kind: Kind): JsonObject {
  return {
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      items: { type: 'array', items: { $ref: `#/components/schemas/${componentName(kind)}` } },
    },
    'x-kubernetes-group-version-kind': [gvk(kind, `${kind.kind}List`)],
  };
}

/** The forms of a patch; kubectl computes a strategic one by this schema only where it is listed. */
const PATCH_TYPES = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'];
const STRATEGIC = 'application/strategic-merge-patch+json';

function pathsOf(kind: Kind): [string, JsonObject][] {
  const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
  const collection = `${root}${kind.scope === 'Namespaced' ? '/namespaces/{namespace}' : ''}/${kind.names.plural}`;
  const schema = { $ref: `#/components/schemas/${componentName(kind)}` };
  const list = { $ref: `#/components/schemas/${componentName(kind)}List` };
  const operation = (action: string, answer: JsonObject, bodies: readonly string[] = []): JsonObject => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk(kind, kind.kind),
    ...(bodies.length > 0 ? { requestBody: { content: contentOf(bodies, schema), required: true } } : {}),
    responses: { '200': { description: 'OK', content: contentOf(['application/json'], answer) } },
  });
  const writing = { parameters: WRITE_PARAMETERS };
  const patches = kind.custom ? PATCH_TYPES : [...PATCH_TYPES, STRATEGIC];
  return [
    [
      collection,
      { get: operation('list', list), post: { ...operation('post', schema, ['application/json']), ...writing } },
    ],
    [
      `${collection}/{name}`,
      {
        get: operation('get', schema),
        put: { ...operation('put', schema, ['application/json']), ...writing },
        patch: { ...operation('patch', schema, patches), ...writing },
        delete: { ...operation('delete', schema), ...writing },
      },
    ],
  ];
}

function contentOf(types: readonly string[], schema: JsonObject): JsonObject {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

/** A node from an OpenAPI schema as a CRD carries it. What it does not restrict is kept as it comes. */
export function nodeOf(schema: unknown): SchemaNode {
  if (!isRecord(schema)) return { type: 'any' };
  const common = {
    ...(typeof schema.description === 'string' ? { doc: schema.description } : {}),
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(schema.nullable === true ? { nullable: true } : {}),
  };
  return { ...common, ...bareNode(schema) } as SchemaNode;
}

/** How CRDs of today and of earlier versions of this program say that a value is a quantity. */
const QUANTITIES = [SCHEMA_QUANTITY_PATTERN, QUANTITY_PATTERN];

function bareNode(schema: Record<string, unknown>): object {
  if (schema['x-kubernetes-int-or-string'] === true)
    return QUANTITIES.includes(String(schema.pattern)) ? { type: 'quantity' } : { type: 'intOrString' };
  switch (schema.type) {
    case 'string':
      return { type: 'string', ...picked(schema, ['format', 'enum', 'pattern', 'minLength', 'maxLength']) };
    case 'integer':
      return {
        type: 'integer',
        format: schema.format === 'int32' ? 'int32' : 'int64',
        ...picked(schema, ['minimum', 'maximum']),
      };
    case 'number':
      return { type: 'number', ...picked(schema, ['minimum', 'maximum']) };
    case 'boolean':
      return { type: 'boolean' };
    case 'array':
      return listNode(schema);
    case 'object':
      return objectNode(schema);
    default:
      return { type: 'any' };
  }
}

function listNode(schema: Record<string, unknown>): object {
  const listType = schema['x-kubernetes-list-type'] ?? 'atomic';
  return {
    type: 'list',
    items: nodeOf(schema.items),
    listType,
    keys: schema['x-kubernetes-list-map-keys'] ?? [],
    ...picked(schema, ['minItems', 'maxItems']),
  };
}

function objectNode(schema: Record<string, unknown>): object {
  const atomic = schema['x-kubernetes-map-type'] === 'atomic' ? { atomic: true } : {};
  if (!isRecord(schema.properties)) {
    if (isRecord(schema.additionalProperties))
      return { type: 'map', values: nodeOf(schema.additionalProperties), ...atomic };
    return schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true
      ? { type: 'any' }
      : { type: 'object', fields: {}, required: [], ...atomic };
  }
  return {
    type: 'object',
    fields: Object.fromEntries(Object.entries(schema.properties).map(([name, field]) => [name, nodeOf(field)])),
    required: Array.isArray(schema.required) ? schema.required : [],
    ...(schema['x-kubernetes-preserve-unknown-fields'] === true ? { preserveUnknown: true } : {}),
    ...atomic,
  };
}
