// Objects as a few lines of YAML: `Revision: { name: a, owner: Configuration/c, Ready: 'True', spec: … }`.

import { isRecord } from '#base/mod.ts';
import { allKinds } from '#kinds/mod.ts';
import type { Condition, Kind, KubeObject, OwnerReference } from '#machinery/mod.ts';
import { controllerOf } from '#machinery/mod.ts';

/** What has the same name in two groups is told apart by the group's own word. */
const WORDS: Readonly<Record<string, string>> = {
  services: 'CoreService',
  'networking.internal.knative.dev/ingresses': 'KIngress',
};
/** Of a resource in several versions the stored one, which comes first. */
const byWord = new Map(allKinds.toReversed().map((kind) => [WORDS[kind.resource] ?? kind.kind, kind]));

export function kindOf(word: string): Kind {
  const kind = byWord.get(word);
  if (!kind) throw new Error(`no kind is called ${word}`);
  return kind;
}

export function wordOf(kind: Kind): string {
  return WORDS[kind.resource] ?? kind.kind;
}

type Fields = Record<string, unknown>;
export type Shorthand = Record<string, Fields>;

const META = ['name', 'labels', 'annotations', 'generation', 'finalizers', 'creationTimestamp', 'deletionTimestamp'];
/** When the objects of a test were made, and their conditions last changed. */
export const LONG_AGO = '2026-01-01T00:00:00Z';

/** Writes a shorthand out in full. The uid follows from kind and name. */
export function expand(shorthand: Shorthand): { kind: Kind; object: KubeObject } {
  const [[word, fields] = ['', {}]] = Object.entries(shorthand);
  const kind = kindOf(word);
  const { owner, observed, status, namespace, ...rest } = fields;
  const ownerText = typeof owner === 'string' ? owner : undefined;
  const meta = Object.fromEntries(META.flatMap((key) => (rest[key] === undefined ? [] : [[key, rest[key]]])));
  const conditions = conditionsOf(rest);
  const own = Object.fromEntries(Object.entries(rest).filter(([key]) => !META.includes(key) && !isCondition(key)));
  const generation = Number(rest['generation'] ?? 1);
  const object = {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: {
      generation,
      creationTimestamp: LONG_AGO,
      ...meta,
      uid: uidOf(word, String(rest['name'])),
      ...(kind.scope === 'Namespaced' ? { namespace: namespace ?? 'default' } : {}),
      ...(ownerText ? { ownerReferences: [ownerOf(ownerText)] } : {}),
    },
    ...(kind.custom ? { spec: {} } : {}),
    ...own,
    ...(status || conditions.length > 0
      ? {
          status: {
            ...(kind.conditions ? { observedGeneration: observed ?? generation } : {}),
            ...(status as Fields),
            ...(conditions.length > 0 ? { conditions } : {}),
          },
        }
      : {}),
  };
  return { kind, object: object as unknown as KubeObject };
}

/** The other way round, as expectations show objects: what the API would fill in is left out. */
export function shorten(kind: Kind, object: KubeObject): Shorthand {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object as KubeObject & Fields;
  const { name, namespace, labels, annotations } = metadata;
  const owner = controllerOf(object);
  return {
    [wordOf(kind)]: {
      name,
      ...(namespace && namespace !== 'default' ? { namespace } : {}),
      ...(labels && Object.keys(labels).length > 0 ? { labels } : {}),
      ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
      ...(owner ? { owner: `${ownerWord(owner)}/${owner.name}` } : {}),
      ...Object.fromEntries(Object.entries(rest).filter(([key]) => key !== 'status')),
    },
  };
}

/** Conditions as `type: status` or `type: [status, reason, message]`. */
export function shortStatus(status: unknown): Fields {
  const { conditions, ...rest } = (isRecord(status) ? status : {}) as { conditions?: Condition[] } & Fields;
  const short = (conditions ?? []).map(({ type, status: is, reason, message }) => [
    type,
    reason || message ? [is, reason ?? '', ...(message ? [message] : [])] : is,
  ]);
  return { ...rest, ...Object.fromEntries(short) };
}

function isCondition(key: string): boolean {
  return /^[A-Z]/.test(key);
}

function conditionsOf(fields: Fields): Condition[] {
  return Object.entries(fields)
    .filter(([key]) => isCondition(key))
    .map(([type, value]) => {
      const [status = '', reason, message, since] = Array.isArray(value) ? value.map(String) : [String(value)];
      return {
        type,
        status,
        lastTransitionTime: since ?? LONG_AGO,
        ...(reason ? { reason } : {}),
        ...(message ? { message } : {}),
      };
    })
    .sort((a, b) => (a.type < b.type ? -1 : 1));
}

/** Short enough for the value of a label. */
function uidOf(word: string, name: string): string {
  return `${`${word.toLowerCase()}-${name}`.slice(0, 58)}-uid`;
}

function ownerOf(text: string): OwnerReference {
  const [word = '', name = ''] = text.split('/');
  const kind = kindOf(word);
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    name,
    uid: uidOf(word, name),
    controller: true,
    blockOwnerDeletion: true,
  };
}

function ownerWord({ apiVersion, kind }: OwnerReference): string {
  const found = allKinds.find((one) => one.apiVersion === apiVersion && one.kind === kind);
  return found ? wordOf(found) : kind;
}
