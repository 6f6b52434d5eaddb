// The options that come in a request's query, each checked as it is read.

import { badRequest, invalid, Problems } from '#machinery/mod.ts';
import { isTrue } from './request-info.ts';

/** How to treat fields that no schema knows. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** Options of a write. */
export interface WriteQuery {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean;
}

/** Options of a list or a watch. */
export interface ListQuery {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly continueAt: string;
  /** 0 where there is none. */
  readonly limit: number;
  readonly allowBookmarks: boolean;
  readonly sendInitialEvents: boolean;
  readonly timeoutSeconds: number | undefined;
}

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions' | 'ListOptions';
const LONGEST_MANAGER = 128;
const FIELD_VALIDATION = ['Ignore', 'Strict', 'Warn'];

/** Throws 422 for options (of this name in Kubernetes) that are at fault. */
function refuseFaults(kind: OptionsKind, problems: Problems): void {
  if (!problems.isEmpty) throw invalid({ group: 'meta.k8s.io', kind }, '', problems.all);
}

/** Reads the options of a create, update or patch. `isApply` says whether the patch is a server-side apply. */
export function writeQuery(query: URLSearchParams, kind: OptionsKind, userAgent = '', isApply = false): WriteQuery {
  const problems = new Problems();
  const manager = query.get('fieldManager') ?? '';
  const validation = query.get('fieldValidation') || 'Warn';
  const dryRun = checkDryRun(problems, query.getAll('dryRun'));
  if (manager.length > LONGEST_MANAGER) problems.tooLong('fieldManager', LONGEST_MANAGER);
  if (isApply && !manager) problems.required('fieldManager', 'is required for apply patch');
  if (!FIELD_VALIDATION.includes(validation)) problems.notSupported('fieldValidation', validation, FIELD_VALIDATION);
  if (kind === 'PatchOptions' && !isApply && query.has('force'))
    problems.forbidden('force', 'may not be specified for non-apply patch');
  refuseFaults(kind, problems);
  return {
    dryRun,
    fieldManager: manager || managerOf(userAgent),
    fieldValidation: validation as FieldValidation,
    force: isTrue(query.get('force')),
  };
}

/** Names the client where it gave no field manager, as Kubernetes does: the product of its User-Agent. */
function managerOf(userAgent: string): string {
  return (userAgent.split('/')[0] ?? '').slice(0, LONGEST_MANAGER) || 'unknown';
}

/** `dryRun` of a query or of DeleteOptions: `All` is the only value there is. */
function checkDryRun(problems: Problems, values: readonly unknown[]): boolean {
  for (const value of values) if (value !== 'All' && value !== '') problems.notSupported('dryRun', value, ['All']);
  return values.includes('All');
}

/** As `writeQuery`, for the values of DeleteOptions. */
export function dryRunOf(values: readonly unknown[]): boolean {
  const problems = new Problems();
  const dryRun = checkDryRun(problems, values);
  refuseFaults('DeleteOptions', problems);
  return dryRun;
}

const MATCHES = ['Exact', 'NotOlderThan'];

/** Reads the options of a list or a watch. Throws 422 for what does not go together, 400 for what is no number. */
export function listQuery(query: URLSearchParams, isWatch: boolean): ListQuery {
  const list: ListQuery = {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    resourceVersion: resourceVersionOf(query.get('resourceVersion') ?? ''),
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    continueAt: query.get('continue') ?? '',
    limit: whole(query, 'limit') ?? 0,
    allowBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: isTrue(query.get('sendInitialEvents')),
    timeoutSeconds: whole(query, 'timeoutSeconds'),
  };
  const problems = new Problems();
  checkMatch(problems, list, isWatch, query.has('sendInitialEvents'));
  refuseFaults('ListOptions', problems);
  return list;
}

/** k8s.io/apimachinery meta/internalversion/validation ValidateListOptions. */
function checkMatch(problems: Problems, list: ListQuery, isWatch: boolean, saysInitial: boolean): void {
  const { resourceVersion, resourceVersionMatch: match, continueAt } = list;
  if (match && !MATCHES.includes(match)) return problems.notSupported('resourceVersionMatch', match, MATCHES);
  if (saysInitial) return checkInitial(problems, list, isWatch);
  if (!match) return;
  if (isWatch) problems.forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch');
  else if (!resourceVersion)
    problems.forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (continueAt)
    problems.forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
  if (match === 'Exact' && resourceVersion === '0')
    problems.forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
}

function checkInitial(
  problems: Problems,
  { resourceVersionMatch: match, allowBookmarks, sendInitialEvents }: ListQuery,
  isWatch: boolean,
): void {
  if (!isWatch) return problems.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  if (match !== 'NotOlderThan')
    problems.forbidden(
      'resourceVersionMatch',
      'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    );
  if (sendInitialEvents && !allowBookmarks)
    problems.forbidden('allowWatchBookmarks', 'sendInitialEvents requires allowWatchBookmarks');
}

/** A resourceVersion as it came, made sure to be a number. Throws 400. */
function resourceVersionOf(value: string): string {
  if (value !== '' && !/^\d{1,16}$/.test(value))
    throw badRequest(
      `resourceVersion: Invalid value: ${JSON.stringify(value)}: must be a number that this server gave out`,
    );
  return value;
}

/** A whole number of the query that is not negative; undefined where it is absent. Throws 400. */
export function whole(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^\d{1,15}$/.test(value))
    throw badRequest(`${name}: Invalid value: ${JSON.stringify(value)}: must be a whole number that is not negative`);
  return Number(value);
}
