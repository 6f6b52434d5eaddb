// Objects as rows: the Table form of an answer, which is what `kubectl get` prints.

import type { JsonObject } from '#base/mod.ts';
import type { Cell, Column } from './columns.ts';
import { age, ageSince, ownName } from './columns.ts';
import type { Kind } from './kind.ts';
import type { KubeObject } from './meta.ts';

/** What of an object goes along with its row. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  /** Wall time, milliseconds; for ages. */
  readonly now: number;
  /** `Metadata` where absent. */
  readonly includeObject?: IncludeObject | undefined;
  /** The list's own metadata. */
  readonly metadata?: JsonObject | undefined;
  /** The version of meta.k8s.io; `v1` where absent. */
  readonly version?: string | undefined;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, more only by `-o wide`. */
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly Cell[];
  readonly object?: object;
}

/** meta.k8s.io/v1 Table. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: string;
  readonly metadata: JsonObject;
  readonly columnDefinitions: readonly ColumnDefinition[];
  readonly rows: readonly TableRow[];
}

/**
 * Objects of a kind as a table: the name first, unless the kind puts it elsewhere, then the kind's columns, or the age where it has
 * none (a date for custom kinds, a string for built-in ones, as Kubernetes declares it).
 */
export function tableOf(kind: Kind, objects: readonly KubeObject[], options: TableOptions): Table {
  const columns = columnsOf(kind);
  const apiVersion = `meta.k8s.io/${options.version || 'v1'}`;
  return {
    kind: 'Table',
    apiVersion,
    metadata: options.metadata ?? {},
    columnDefinitions: columns.map(([name, column]) => definitionOf(name, column)),
    rows: objects.map((object) => rowOf(object, columns, apiVersion, options)),
  };
}

function columnsOf(kind: Kind): readonly (readonly [string, Column])[] {
  const own = Object.entries(kind.columns);
  const columns: readonly (readonly [string, Column])[] =
    own.length > 0 ? own : [['Age', kind.custom ? ageSince : age]];
  return columns.some(([, { format }]) => format === 'name') ? columns : [['Name', ownName], ...columns];
}

function definitionOf(name: string, { type, format, doc, priority }: Column): ColumnDefinition {
  return { name, type, format: format ?? '', description: doc ?? '', priority };
}

function rowOf(
  object: KubeObject,
  columns: readonly (readonly [string, Column])[],
  apiVersion: string,
  { now, includeObject = 'Metadata' }: TableOptions,
): TableRow {
  const cells = columns.map(([, column]) => column.cell(object, now));
  if (includeObject === 'None') return { cells };
  if (includeObject === 'Object') return { cells, object };
  return { cells, object: { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata } };
}
