// Printer columns: what `kubectl get` shows of a kind.

import { at, isRecord } from '#base/mod.ts';
import type { Condition } from './conditions.ts';
import { findCondition } from './conditions.ts';
import type { KubeObject } from './meta.ts';

export type Cell = string | number | boolean | null;

/** One column of a table. `jsonPath` is what a CRD declares; `cell` is what the server prints. */
export interface Column {
  readonly type: 'string' | 'integer' | 'boolean' | 'date' | 'number';
  /** `name` for the column of the object's own name. */
  readonly format?: 'name';
  readonly doc?: string;
  readonly priority: number;
  readonly jsonPath?: string;
  cell(object: KubeObject, now: number): Cell;
}

/** A column that shows the value at a path such as `status.url`. */
export function field(path: string, type: Column['type'] = 'string'): Column {
  const parts = path.split('.');
  return { type, priority: 0, jsonPath: `.${path}`, cell: (object) => asCell(at(object, parts)) };
}

/** A column that shows a label. */
export function label(key: string): Column {
  return {
    type: 'string',
    priority: 0,
    jsonPath: `.metadata.labels['${key.replaceAll('.', '\\.')}']`,
    cell: (object) => object.metadata.labels?.[key] ?? null,
  };
}

/** A column that shows the status of a condition. */
export const condition = (type: string): Column => ofCondition(type, 'status');

/** A column that shows the reason of a condition. */
export const reason = (type: string): Column => ofCondition(type, 'reason');

function ofCondition(type: string, part: 'status' | 'reason'): Column {
  return {
    type: 'string',
    priority: 0,
    jsonPath: `.status.conditions[?(@.type=='${type}')].${part}`,
    cell: (object) => {
      const status = (object as { status?: { conditions?: Condition[] } }).status;
      return findCondition(status, type)?.[part] ?? null;
    },
  };
}

/** The object's own name, which comes first where a kind does not put it elsewhere. */
export const ownName: Column = {
  type: 'string',
  format: 'name',
  doc: 'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically.',
  priority: 0,
  cell: (object) => object.metadata.name,
};

/** The column that every kind without columns of its own has after NAME. */
export const age: Column = {
  type: 'string',
  priority: 0,
  jsonPath: '.metadata.creationTimestamp',
  cell: (object, now) => ageOf(object.metadata.creationTimestamp, now),
};

/** The same as CRDs have it, whose clients reckon the age from the moment. */
export const ageSince: Column = { ...age, type: 'date' };

/** A column computed from the whole object. */
export function computed<O extends KubeObject>(
  cell: (object: O, now: number) => Cell,
  type: Column['type'] = 'string',
): Column {
  return { type, priority: 0, cell: (object, now) => cell(object as O, now) };
}

/** The same column, shown only by `-o wide`. */
export const wide = (column: Column): Column => ({ ...column, priority: 1 });

/** How long ago a time was, as Kubernetes' HumanDuration prints it (`5s`, `3m20s`, `2d`). */
export function ageOf(stamp: string | undefined, now: number): string {
  if (!stamp) return '<unknown>';
  return humanDuration(now - Date.parse(stamp));
}

/** k8s.io/apimachinery/pkg/util/duration.HumanDuration. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return pair(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 365 * 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`;
}

function pair(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;
}

function asCell(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return isRecord(value) || Array.isArray(value) ? JSON.stringify(value) : null;
}
