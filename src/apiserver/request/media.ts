// Content negotiation: which form of an answer a client would rather have, and what form a body has.

import { notAcceptable, unsupportedMediaType } from '#machinery/mod.ts';

/** The form of an answer: its syntax, and the kind that objects are to be turned into (`as`). */
export interface Form {
  readonly syntax: 'json' | 'yaml';
  readonly as: 'object' | 'table' | 'metadata' | 'discovery';
  /** The version asked for with `as` (`v1`, `v2`, ...). */
  readonly version: string;
}

interface MediaRange {
  readonly type: string;
  readonly params: Readonly<Record<string, string>>;
  readonly quality: number;
}

const SYNTAX: ReadonlyMap<string, Form['syntax']> = new Map(
  Object.entries({
    'application/json': 'json',
    'application/*': 'json',
    '*/*': 'json',
    'application/yaml': 'yaml',
  } as const),
);
const TYPES = 'application/json, application/yaml';
/** Longer lists are cut: no client offers so many. */
const MOST_RANGES = 32;

/** The best form a client accepts among those that this place can give. Throws 406 when it accepts none. */
export function negotiate(accept: string | undefined, offers: readonly Form['as'][]): Form {
  if (!accept?.trim()) return { syntax: 'json', as: 'object', version: '' };
  for (const range of rangesOf(accept)) {
    const form = formOf(range);
    if (form && (form.as === 'object' || offers.includes(form.as))) return form;
  }
  throw notAcceptable(`only the following media types are accepted: ${TYPES}`);
}

function formOf({ type, params }: MediaRange): Form | undefined {
  const syntax = SYNTAX.get(type);
  if (!syntax) return undefined;
  const { as = '', g: group = '', v: version = '' } = params;
  if (as === '') return { syntax, as: 'object', version: '' };
  if (group === 'apidiscovery.k8s.io')
    return as === 'APIGroupDiscoveryList' && DISCOVERY.has(version) ? { syntax, as: 'discovery', version } : undefined;
  if (group !== 'meta.k8s.io' || !TRANSFORMS.has(version)) return undefined;
  if (as === 'Table') return { syntax, as: 'table', version };
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList'
    ? { syntax, as: 'metadata', version }
    : undefined;
}

const TRANSFORMS = new Set(['v1', 'v1beta1']);
const DISCOVERY = new Set(['v2', 'v2beta1']);

/** The ranges of an Accept header, best first; equal ones in their own order. */
function rangesOf(accept: string): MediaRange[] {
  return accept
    .split(',')
    .slice(0, MOST_RANGES)
    .map(rangeOf)
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
}

function rangeOf(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const params = Object.fromEntries(rest.map((part) => keyAndValue(part)));
  const quality = Number(params['q'] ?? '1');
  return { type: type.toLowerCase(), params, quality: Number.isNaN(quality) ? 0 : quality };
}

function keyAndValue(part: string): [string, string] {
  const equals = part.indexOf('=');
  return equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1).replace(/^"(.*)"$/, '$1')];
}

/** How a body is written. */
export type BodyType = 'json' | 'yaml' | 'protobuf';
/** How a patch is meant. */
export type PatchForm = 'json' | 'merge' | 'strategic' | 'apply';

const BODIES: ReadonlyMap<string, BodyType> = new Map(
  Object.entries({
    '': 'json',
    'application/json': 'json',
    'application/yaml': 'yaml',
    'application/vnd.kubernetes.protobuf': 'protobuf',
  } as const),
);
const PATCHES: ReadonlyMap<string, PatchForm> = new Map(
  Object.entries({
    'application/json-patch+json': 'json',
    'application/merge-patch+json': 'merge',
    'application/strategic-merge-patch+json': 'strategic',
    'application/apply-patch+yaml': 'apply',
  } as const),
);

/** The type of a request's body. Throws 415 for one that nobody reads. */
export function bodyTypeOf(contentType: string | undefined): BodyType {
  const type = bare(contentType);
  const found = BODIES.get(type);
  if (!found)
    throw unsupported(
      type,
      [...BODIES.keys()].filter((name) => name !== ''),
    );
  return found;
}

/** The type of a patch. `strategic` is no choice for custom resources. Throws 415. */
export function patchFormOf(contentType: string | undefined, allowStrategic: boolean): PatchForm {
  const type = bare(contentType);
  const found = PATCHES.get(type);
  const allowed = [...PATCHES.keys()].filter((name) => allowStrategic || PATCHES.get(name) !== 'strategic');
  if (!found || !allowed.includes(type)) throw unsupported(type, allowed);
  return found;
}

function unsupported(type: string, allowed: readonly string[]): Error {
  return unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${allowed.join(', ')}${type ? '' : ' (no Content-Type was sent)'}`,
  );
}

function bare(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}
