// Kinds as CustomResourceDefinitions and back: how custom kinds present themselves, and how new ones come in at run time.

import type { JsonObject } from '#base/mod.ts';
import { isRecord } from '#base/mod.ts';
import type { Cell, Column } from './columns.ts';
import { ageOf } from './columns.ts';
import { compileJsonPath } from './jsonpath.ts';
import type { Kind, KindNames, ScaleSubresource } from './kind.ts';
import { resourceOf } from './kind.ts';
import { ObjectMetaSchema } from './meta.ts';
import type { KubeObject } from './meta.ts';
import { nodeOf, openApiOf } from './open-api.ts';
import type { SchemaNode } from './schema.ts';

/** The CustomResourceDefinition that tells of kinds of one resource; the first version is the stored one. */
export function crdOf(kinds: readonly [Kind, ...Kind[]]): JsonObject {
  const [first] = kinds;
  const { plural, singular, short, categories } = first.names;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${first.group}`,
      labels: { ...first.crdLabels },
      ...(first.crdAnnotations ? { annotations: { ...first.crdAnnotations } } : {}),
    },
    spec: {
      group: first.group,
      scope: first.scope,
      names: {
        plural,
        singular,
        kind: first.kind,
        listKind: `${first.kind}List`,
        ...(short.length > 0 ? { shortNames: [...short] } : {}),
        ...(categories.length > 0 ? { categories: [...categories] } : {}),
      },
      versions: kinds.map((kind, i) => versionOf(kind, i === 0)),
      conversion: { strategy: 'None' },
    },
  };
}

function versionOf(kind: Kind, storage: boolean): JsonObject {
  const fields = kind.schema.type === 'object' ? kind.schema.fields : {};
  const schema = openApiOf({
    type: 'object',
    required: [],
    fields: { ...fields, metadata: { type: 'object', fields: {}, required: [] } },
  });
  const columns = Object.entries(kind.columns).filter(([, column]) => column.jsonPath);
  return {
    name: kind.version,
    served: true,
    storage,
    ...(kind.deprecation ? { deprecated: true, deprecationWarning: kind.deprecation } : {}),
    schema: { openAPIV3Schema: schema },
    ...(kind.hasStatus || kind.scale
      ? {
          subresources: {
            ...(kind.hasStatus ? { status: {} } : {}),
            ...(kind.scale ? { scale: { ...kind.scale } as JsonObject } : {}),
          },
        }
      : {}),
    ...(columns.length > 0
      ? {
          additionalPrinterColumns: columns.map(([name, { type, jsonPath: path = '', priority, doc }]) => ({
            name,
            type,
            jsonPath: path,
            ...(doc ? { description: doc } : {}),
            ...(priority > 0 ? { priority } : {}),
          })),
        }
      : {}),
    ...(kind.selectableFields.length > 0
      ? { selectableFields: kind.selectableFields.map((path) => ({ jsonPath: `.${path}` })) }
      : {}),
  };
}

/** What a CustomResourceDefinition's spec says, as far as kinds are made of it. */
interface Definition {
  readonly group: string;
  readonly scope: Kind['scope'];
  readonly names: {
    readonly plural: string;
    readonly singular?: string;
    readonly kind: string;
    readonly shortNames?: readonly string[];
    readonly categories?: readonly string[];
  };
  readonly versions: readonly DefinedVersion[];
}

interface DefinedVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly schema?: { readonly openAPIV3Schema?: JsonObject };
  readonly subresources?: { readonly status?: object; readonly scale?: ScaleSubresource };
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
  readonly additionalPrinterColumns?: readonly {
    readonly name: string;
    readonly type: Column['type'];
    readonly jsonPath: string;
    readonly priority?: number;
    readonly description?: string;
  }[];
}

/** The kinds that a CustomResourceDefinition serves, the stored version first. Throws Error for a column path that cannot be read. */
export function kindsOfCrd(crd: KubeObject): Kind[] {
  const definition = (crd as unknown as { spec: Definition }).spec;
  const served = definition.versions.filter((version) => version.served);
  return served.toSorted((a, b) => Number(b.storage) - Number(a.storage)).map((version) => kindOf(definition, version));
}

function kindOf({ group, scope, names }: Definition, version: DefinedVersion): Kind {
  const all: Required<KindNames> = {
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    short: names.shortNames ?? [],
    categories: names.categories ?? [],
  };
  const schema = wholeNode(nodeOf(version.schema?.openAPIV3Schema ?? {}));
  return {
    apiVersion: `${group}/${version.name}`,
    group,
    version: version.name,
    kind: names.kind,
    names: all,
    scope,
    doc: schema.doc ?? '',
    schema,
    columns: Object.fromEntries(
      (version.additionalPrinterColumns ?? []).map((column) => [column.name, columnOf(column)]),
    ),
    hasStatus: version.subresources?.status !== undefined,
    ...(version.subresources?.scale ? { scale: version.subresources.scale } : {}),
    custom: true,
    isDynamic: true,
    crdLabels: {},
    refusal: { by: 'kubernetes' },
    lossy: 'none',
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
    resource: resourceOf(group, names.plural),
  };
}

/** The schema of a CRD with the parts that every object has, whatever the CRD says of them. */
function wholeNode(node: SchemaNode): SchemaNode & { type: 'object' } {
  const known =
    node.type === 'object' ? node : { type: 'object' as const, fields: {}, required: [], preserveUnknown: true };
  return {
    ...known,
    fields: {
      ...known.fields,
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: ObjectMetaSchema.node,
    },
    required: known.required.filter((name) => name !== 'metadata'),
  };
}

function columnOf({
  type,
  jsonPath: path,
  priority = 0,
  description,
}: NonNullable<DefinedVersion['additionalPrinterColumns']>[number]): Column {
  const read = compileJsonPath(path);
  const cell = (object: KubeObject, now: number): Cell => {
    const [value] = read(object);
    if (type === 'date') return typeof value === 'string' ? ageOf(value, now) : null;
    if (value === undefined || value === null) return null;
    return isRecord(value) || Array.isArray(value) ? JSON.stringify(value) : (value as string | number | boolean);
  };
  return { type, priority, jsonPath: path, ...(description ? { doc: description } : {}), cell };
}
