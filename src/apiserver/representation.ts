// How objects are shown to a client: as they are, as rows of a table, or by their metadata alone.

import type { JsonObject } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { badRequest, tableOf } from '#machinery/mod.ts';
import type { Exchange } from './exchange.ts';
import { negotiate } from './request/media.ts';
import type { Form } from './request/media.ts';

/** What of an object goes along with its row. */
export type RowObject = 'Metadata' | 'Object' | 'None';

/** The form a client wants objects in, and what belongs to it. */
export interface Representation {
  readonly form: Form;
  readonly rowObject: RowObject;
  /** Wall time in milliseconds, for ages. */
  readonly now: number;
}

const ROW_OBJECTS: readonly string[] = ['Metadata', 'Object', 'None'];

/** Reads from a request how its objects are to be shown. Throws 400 and 406. */
export function representationOf({ request, query }: Exchange, now: number): Representation {
  const form = negotiate(request.headers.accept, ['table', 'metadata']);
  const include = query.get('includeObject') || 'Metadata';
  if (!ROW_OBJECTS.includes(include))
    throw badRequest(
      `includeObject: Unsupported value: ${JSON.stringify(include)}: supported values: "Metadata", "None", "Object"`,
    );
  return { form, rowObject: include as RowObject, now };
}

/** One object. */
export function shown(kind: Kind, object: KubeObject, representation: Representation): object {
  switch (representation.form.as) {
    case 'table':
      return table(kind, [object], { resourceVersion: object.metadata.resourceVersion ?? '' }, representation);
    case 'metadata':
      return partial(object, representation.form.version);
    default:
      return object;
  }
}

/** A list of objects with its metadata. */
export function shownList(
  kind: Kind,
  items: readonly KubeObject[],
  metadata: JsonObject,
  representation: Representation,
): object {
  switch (representation.form.as) {
    case 'table':
      return table(kind, items, metadata, representation);
    case 'metadata': {
      const { version } = representation.form;
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: `meta.k8s.io/${version}`,
        metadata,
        items: items.map((item) => partial(item, version)),
      };
    }
    default:
      return { kind: `${kind.kind}List`, apiVersion: kind.apiVersion, metadata, items };
  }
}

/** The metadata of an object alone. */
export function partial({ metadata }: KubeObject, version = 'v1'): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata };
}

function table(
  kind: Kind,
  items: readonly KubeObject[],
  metadata: JsonObject,
  { form, rowObject, now }: Representation,
): object {
  return tableOf(kind, items, { metadata, now, includeObject: rowObject, version: form.version });
}
