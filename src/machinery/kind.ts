// A kind is defined once, on one page. From the definition come its type, schema, discovery, defaults, validation,
// conditions, columns, CRD and docs.

import type { Column } from './columns.ts';
import type { ConditionSet } from './conditions.ts';
import type { FieldErrors } from './field-errors.ts';
import type { KubeObject, ObjectMeta } from './meta.ts';
import { ObjectMetaSchema } from './meta.ts';
import type { Problems } from './problems.ts';
import type { Fields, FieldsOf, Schema, SchemaNode } from './schema.ts';
import { object, text } from './schema.ts';

export interface UserInfo {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
}

/** The circumstances of a write, for defaults and validation. */
export interface WriteContext {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly user: UserInfo;
  /** Wall time, milliseconds. */
  readonly now: number;
  readonly dryRun: boolean;
  /** `status`, `scale`, ... or undefined for the object itself. */
  readonly subresource?: string;
  /** The data of a config map in Knative's system namespaces as it is now; empty where there is none. */
  config(name: string): Readonly<Record<string, string>>;
  /** Another object of the API as it is now (for rules that look beyond the object itself). */
  lookup(apiVersion: string, kind: string, namespace: string, name: string): KubeObject | undefined;
}

export interface KindNames {
  readonly plural: string;
  readonly singular?: string;
  readonly short?: readonly string[];
  readonly categories?: readonly string[];
}

/** Where the `scale` subresource finds its numbers. */
export interface ScaleSubresource {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

/** How the API refuses an object of this kind: as Kubernetes itself does (422), or as a validating webhook does (400). */
export type Refusal = { readonly by: 'kubernetes' } | { readonly by: 'webhook'; readonly webhook: string };

/** How objects of a version become those of the stored version of their resource, and back; apiVersion aside. */
export interface Conversion<O extends KubeObject = KubeObject> {
  toStored(object: O): KubeObject;
  fromStored(object: KubeObject): O;
}

/** Everything about a kind. `O` is the TypeScript type of its objects. */
export interface Kind<O extends KubeObject = KubeObject> {
  readonly apiVersion: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly names: Required<KindNames>;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly doc: string;
  /** Schema of the whole object. */
  readonly schema: SchemaNode;
  readonly conditions?: ConditionSet;
  readonly columns: Readonly<Record<string, Column>>;
  /** Whether `/status` is a subresource, so that a plain write leaves status alone. */
  readonly hasStatus: boolean;
  readonly scale?: ScaleSubresource;
  /** Whether this kind presents itself as a custom resource: a CRD object exists and strategic merge answers 415. */
  readonly custom: boolean;
  /** Made at run time from a CustomResourceDefinition: an object without a spec stays without. */
  readonly isDynamic?: boolean;
  /** Labels of the CRD object (duck types). */
  readonly crdLabels: Readonly<Record<string, string>>;
  /** Annotations of the CRD object. */
  readonly crdAnnotations?: Readonly<Record<string, string>>;
  readonly refusal: Refusal;
  /** Writes that may be lost in a crash: 'status' (status only) or 'all' (Leases, Events). */
  readonly lossy: 'none' | 'status' | 'all';
  /** Annotations that whoever writes the status writes with it. */
  readonly statusAnnotations?: readonly string[];
  /** Verbs that the API serves; all where absent. */
  readonly verbs?: readonly string[];
  /** Where the schema of this version is not that of the stored one. */
  readonly conversion?: Conversion<O>;
  /** What whoever uses this version is told, where it is on its way out. */
  readonly deprecation?: string;
  /** Field selectors beside metadata.name and metadata.namespace: dotted paths. */
  readonly selectableFields: readonly string[];
  /** Identity in stores and watches: `group/plural`, or the plural alone for the core group. */
  readonly resource: string;
  /** The name of the storage version's resource, where several versions share one storage. */
  defaults?(object: O, context: WriteContext, before: O | undefined): void;
  /** Faults in Kubernetes' words; 422. */
  validate?(object: O, problems: Problems, context: WriteContext, before: O | undefined): void;
  /** Faults in Knative's words; 400 by the webhook named in `refusal`. */
  check?(object: O, errors: FieldErrors, context: WriteContext, before: O | undefined): void;
  /** Faults of a deletion in Knative's words. */
  checkDelete?(object: O, errors: FieldErrors, context: WriteContext): void;
  /** Seconds of grace a plain DELETE gives; undefined where objects go at once. */
  gracePeriodSeconds?(object: O): number | undefined;
  /** Only for `ObjectOf`. */
  readonly objectType?: O;
}

/** The TypeScript type of a kind's objects. */
export type ObjectOf<K> = K extends { readonly objectType?: infer O } ? NonNullable<O> & KubeObject : never;

/** What `defineKind` takes; see `Kind` for what the parts mean. */
export interface KindDefinition<Spec, Status, F extends Fields, O extends KubeObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly names: KindNames;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly doc: string;
  readonly spec?: Schema<Spec, boolean>;
  readonly status?: Schema<Status, boolean>;
  /** Top-level fields beside metadata, spec and status (`data`, `rules`, ...). */
  readonly fields?: F;
  readonly conditions?: ConditionSet;
  readonly columns?: Readonly<Record<string, Column>>;
  readonly scale?: ScaleSubresource;
  readonly custom?: boolean;
  readonly crdLabels?: Readonly<Record<string, string>>;
  readonly crdAnnotations?: Readonly<Record<string, string>>;
  readonly webhook?: string;
  readonly lossy?: 'status' | 'all';
  readonly statusAnnotations?: readonly string[];
  readonly verbs?: readonly string[];
  readonly conversion?: Conversion<O>;
  readonly deprecation?: string;
  readonly selectableFields?: readonly string[];
  defaults?(object: O, context: WriteContext, before: O | undefined): void;
  validate?(object: O, problems: Problems, context: WriteContext, before: O | undefined): void;
  check?(object: O, errors: FieldErrors, context: WriteContext, before: O | undefined): void;
  checkDelete?(object: O, errors: FieldErrors, context: WriteContext): void;
  gracePeriodSeconds?(object: O): number | undefined;
}

type Part<Name extends string, T> = [T] extends [never] ? unknown : { [K in Name]: T };
type OptionalPart<Name extends string, T> = [T] extends [never] ? unknown : { [K in Name]?: T | undefined };
/** An object of the API from its parts. */
export type ObjectFrom<Spec, Status, F extends Fields> = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
} & Part<'spec', Spec> &
  OptionalPart<'status', Status> &
  FieldsOf<F>;

/** Defines a kind. A missing `spec` of an object counts as `{}`, so code may rely on it. */
export function defineKind<Spec = never, Status = never, const F extends Fields = Record<never, never>>(
  definition: KindDefinition<Spec, Status, F, ObjectFrom<Spec, Status, F>>,
): Kind<ObjectFrom<Spec, Status, F>> {
  const { group, version } = splitApiVersion(definition.apiVersion);
  const singular = definition.names.singular ?? definition.kind.toLowerCase();
  const { spec, status, fields, webhook, custom, crdLabels, lossy, selectableFields, columns, names, ...rest } =
    definition;
  return {
    ...rest,
    group,
    version,
    names: { plural: names.plural, singular, short: names.short ?? [], categories: names.categories ?? [] },
    schema: wholeSchema({ ...(spec ? { spec } : {}), ...(status ? { status } : {}), ...fields }),
    columns: columns ?? {},
    hasStatus: status !== undefined,
    custom: custom ?? false,
    crdLabels: crdLabels ?? {},
    refusal: webhook ? { by: 'webhook', webhook } : { by: 'kubernetes' },
    lossy: lossy ?? 'none',
    selectableFields: selectableFields ?? [],
    resource: resourceOf(group, names.plural),
  };
}

function wholeSchema(fields: Fields): SchemaNode {
  return object({
    apiVersion: text().doc('APIVersion defines the versioned schema of this representation of an object.'),
    kind: text().doc('Kind is a string value representing the REST resource this object represents.'),
    metadata: ObjectMetaSchema.doc("Standard object's metadata."),
    ...fields,
  }).node;
}

/** `apps/v1` is group `apps`, version `v1`; `v1` is the core group, whose name is empty. */
export function splitApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** Identity of a resource in stores and watches. */
export function resourceOf(group: string, plural: string): string {
  return group ? `${group}/${plural}` : plural;
}
