// The protobuf messages of built-in kinds. One line a message in the tables: its name, then `jsonName=number:type`.
// A type is a scalar, a special form (Time, Quantity, ...) or a message, of another section as `section.Name`. Behind it stands
// `*` repeated, `?` a pointer (a zero is a value), `!` always written (a zero is kept); around it braces: a map from text.
// A field without a name is inlined in JSON; `[]` is a message that JSON shows as its list.

import { invariant } from '#base/mod.ts';
import { apps } from './tables/apps.ts';
import { authentication } from './tables/authentication.ts';
import { authorization } from './tables/authorization.ts';
import { autoscalingV1 } from './tables/autoscaling-v1.ts';
import { autoscalingV2 } from './tables/autoscaling-v2.ts';
import { batch } from './tables/batch.ts';
import { coordination } from './tables/coordination.ts';
import { core } from './tables/core.ts';
import { discovery } from './tables/discovery.ts';
import { events } from './tables/events.ts';
import { meta } from './tables/meta.ts';
import { policy } from './tables/policy.ts';
import { rbac } from './tables/rbac.ts';

const TABLES: Readonly<Record<string, string>> = {
  apps: apps,
  authentication: authentication,
  authorization: authorization,
  'autoscaling/v1': autoscalingV1,
  'autoscaling/v2': autoscalingV2,
  batch: batch,
  coordination: coordination,
  core: core,
  discovery: discovery,
  events: events,
  meta: meta,
  policy: policy,
  rbac: rbac,
};

/** The section of each group-version. */
const SECTIONS: Readonly<Record<string, string>> = {
  v1: 'core',
  'apps/v1': 'apps',
  'authentication.k8s.io/v1': 'authentication',
  'authorization.k8s.io/v1': 'authorization',
  'autoscaling/v1': 'autoscaling/v1',
  'autoscaling/v2': 'autoscaling/v2',
  'batch/v1': 'batch',
  'coordination.k8s.io/v1': 'coordination',
  'discovery.k8s.io/v1': 'discovery',
  'events.k8s.io/v1': 'events',
  'policy/v1': 'policy',
  'rbac.authorization.k8s.io/v1': 'rbac',
};

/** What a field holds: one value, several, or values by text. */
export type Shape = 'one' | 'list' | 'map';

export interface Field {
  /** Empty where the fields of a message are inlined, `[]` where a message is shown as its list. */
  readonly name: string;
  /** A scalar, a special form, or the reference of a message (`section.Name`). */
  readonly type: string;
  readonly shape: Shape;
  /** Whether a zero is a value of its own. */
  readonly keepsZero: boolean;
}

/** The fields of a message by their numbers. */
export type Message = ReadonlyMap<number, Field>;

const lines = new Map(Object.entries(TABLES).flatMap(([section, table]) => linesOf(section, table)));
const parsed = new Map<string, Message>();

function linesOf(section: string, table: string): [string, string][] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', ...fields] = line.split(' ');
      return [`${section}.${name}`, fields.join(' ')];
    });
}

/** The message of a kind; undefined where it has none. Options are the same in every group. */
export function messageOfKind(apiVersion: string, kind: string): string | undefined {
  const section = kind.endsWith('Options') || kind === 'Status' ? 'meta' : SECTIONS[apiVersion];
  const reference = `${section}.${kind}`;
  const line = lines.get(reference);
  return line !== undefined && (section === 'meta' || line.startsWith('metadata=1:meta.ObjectMeta'))
    ? reference
    : undefined;
}

/** The message behind a reference; undefined for scalars and special forms. */
export function messageOf(reference: string): Message | undefined {
  const known = parsed.get(reference);
  const line = lines.get(reference);
  if (known || line === undefined) return known;
  const section = reference.slice(0, reference.lastIndexOf('.'));
  const message = new Map(
    line
      .split(' ')
      .filter(Boolean)
      .map((text) => fieldOf(text, section)),
  );
  parsed.set(reference, message);
  return message;
}

const FIELD = /^(.*)=(\d+):(\{?)([^*?!}]+)\}?([*?!]?)$/;

function fieldOf(text: string, section: string): [number, Field] {
  const [, name = '', number, brace, type = '', mark] = FIELD.exec(text) ?? [];
  invariant(number, `the table of ${section} has a field that cannot be read: ${text}`);
  const shape = brace ? 'map' : mark === '*' ? 'list' : 'one';
  const reference = lines.has(`${section}.${type}`) ? `${section}.${type}` : type;
  return [Number(number), { name, type: reference, shape, keepsZero: mark === '?' || mark === '!' }];
}
