// What a request asks for, read from its method and path alone: the shape of the API's URL space.

import { badRequest } from '#machinery/mod.ts';

/** A request as authorization and routing see it (k8s.io/apiserver RequestInfo). */
export interface RequestInfo {
  /** get, list, watch, create, update, patch, delete, deletecollection; for what is no resource the method in lower case. */
  readonly verb: string;
  /** The path as it was asked for, decoded. */
  readonly path: string;
  readonly isResource: boolean;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Empty for requests across namespaces and for cluster-scoped resources. */
  readonly namespace: string;
  /** The plural; empty for discovery documents. */
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
/** Subresources of a namespace that are written with the namespace's own name in the path. */
const OF_NAMESPACE = new Set(['status', 'finalize']);

/** Reads a request's method, raw path and query. Throws 400 for a path that cannot be decoded. */
export function requestInfo(method: string, rawPath: string, query: URLSearchParams): RequestInfo {
  const segments = segmentsOf(rawPath);
  const path = `/${segments.join('/')}`;
  const resource = segments.every((segment) => segment !== '') ? resourcePath(segments) : undefined;
  if (!resource) return { ...NO_PARTS, verb: method.toLowerCase(), path };
  return { ...NO_PARTS, ...resource, path, isResource: true, verb: verbOf(method, resource, query) };
}

/** What is said of a request that has none of these parts. */
export const NO_PARTS: RequestInfo = {
  verb: '',
  path: '',
  isResource: false,
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
};

type ResourcePath = Pick<RequestInfo, 'group' | 'version' | 'namespace' | 'resource' | 'subresource' | 'name'>;

/** `/api/V/…` and `/apis/G/V/…`; undefined for anything shorter or other. */
function resourcePath(segments: readonly string[]): ResourcePath | undefined {
  const [root, ...rest] = segments;
  if (root === 'api' && rest.length >= 2) return resourceIn('', rest[0] ?? '', rest.slice(1));
  if (root === 'apis' && rest.length >= 3) return resourceIn(rest[0] ?? '', rest[1] ?? '', rest.slice(2));
  return undefined;
}

function resourceIn(group: string, version: string, parts: readonly string[]): ResourcePath {
  const [first = '', second = '', third = '', ...more] = parts;
  const common = { group, version };
  if (first !== 'namespaces' || !third || (OF_NAMESPACE.has(third) && more.length === 0)) {
    return { ...common, ...named(parts), namespace: first === 'namespaces' ? second : '' };
  }
  return { ...common, namespace: second, ...named([third, ...more]) };
}

function named([resource = '', name = '', ...subresource]: readonly string[]): Pick<
  ResourcePath,
  'resource' | 'name' | 'subresource'
> {
  return { resource, name, subresource: subresource.join('/') };
}

function verbOf(method: string, { name }: ResourcePath, query: URLSearchParams): string {
  const verb = VERBS[method] ?? method.toLowerCase();
  if (name) return verb;
  if (verb === 'get') return isTrue(query.get('watch')) ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

/** A boolean query parameter, as Go's API machinery reads it: anything but `false` and `0` is true once it is there. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0';
}

/** The decoded segments. A slash at the end counts for nothing; an empty segment inside is kept, and finds nothing. */
function segmentsOf(rawPath: string): string[] {
  const trimmed = rawPath.replace(/^\//, '').replace(/\/$/, '');
  return trimmed === '' ? [] : trimmed.split('/').map(decode);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`invalid URL escape in path segment ${JSON.stringify(segment)}`);
  }
}

/** Why a name cannot stand in a path (k8s.io/apimachinery path.IsValidPathSegmentName), or undefined where it can. */
export function pathSegmentFault(name: string): string | undefined {
  if (name === '.' || name === '..') return `may not be '${name}'`;
  for (const mark of ['/', '%']) if (name.includes(mark)) return `may not contain '${mark}'`;
  return undefined;
}
