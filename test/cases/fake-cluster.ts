// A small API in memory for tests of controllers: it keeps objects, notes each write, and tells informers at once.

import { applyPatch } from 'rfc6902';
import type { Operation } from 'rfc6902';
import type { Json } from '#base/mod.ts';
import { copy, deepFreeze, equal, isRecord } from '#base/mod.ts';
import type { Kind, KubeObject, ObjectKey } from '#machinery/mod.ts';
import { alreadyExists, conflict, controllerOf, keyOf, notFound, STALE } from '#machinery/mod.ts';
import type { Change, Client, Informer, Informers } from '#objects/mod.ts';

/** One write as it was asked for. */
export interface Write {
  readonly verb: 'create' | 'update' | 'updateStatus' | 'patch' | 'delete';
  readonly kind: Kind;
  readonly key: ObjectKey;
  /** The object after the write, or the body of a patch. */
  readonly body?: unknown;
}

interface Table {
  readonly objects: Map<ObjectKey, KubeObject>;
  readonly listeners: Set<(change: Change<KubeObject>) => void>;
  readonly indexes: Map<string, (object: KubeObject) => readonly string[]>;
}

/** No defaults, no validation, no garbage collection: a test says what there is. */
export class FakeCluster {
  readonly writes: Write[] = [];
  readonly client: Client;
  readonly informers: Informers;
  readonly #tables = new Map<string, Table>();
  #version = 100;
  #uids = 0;
  /** Called before each write; what it throws, the writer gets. */
  beforeWrite: (write: Write) => void = () => {};

  constructor() {
    this.client = this.#makeClient();
    this.informers = { of: (kind) => this.#informer(kind), start: async () => {} };
  }

  /** Puts an object in as it is, unnoted. */
  put(kind: Kind, object: KubeObject): KubeObject {
    return this.#store(kind, object);
  }

  get<O extends KubeObject>(kind: Kind<O>, key: ObjectKey): O | undefined {
    return this.#table(kind).objects.get(key) as O | undefined;
  }

  remove(kind: Kind, key: ObjectKey): void {
    const table = this.#table(kind);
    const before = table.objects.get(key);
    table.objects.delete(key);
    if (before) for (const listen of table.listeners) listen({ before });
  }

  #table(kind: Kind): Table {
    const known = this.#tables.get(kind.resource) ?? { objects: new Map(), listeners: new Set(), indexes: new Map() };
    this.#tables.set(kind.resource, known);
    return known;
  }

  #store(kind: Kind, object: KubeObject): KubeObject {
    const table = this.#table(kind);
    const key = keyOf(object);
    const before = table.objects.get(key);
    const stored = copy(object);
    stored.metadata.resourceVersion = String(++this.#version);
    stored.metadata.uid ??= `uid-${++this.#uids}`;
    deepFreeze(stored);
    table.objects.set(key, stored);
    for (const listen of table.listeners) listen({ ...(before ? { before } : {}), after: stored });
    return stored;
  }

  #note(write: Write): void {
    this.beforeWrite(write);
    this.writes.push(write);
  }

  #makeClient(): Client {
    const there = (kind: Kind, key: ObjectKey, name: string): KubeObject => {
      const object = this.#table(kind).objects.get(key);
      if (!object) throw notFound({ group: kind.group, plural: kind.names.plural }, name);
      return object;
    };
    const fresh = (kind: Kind, object: KubeObject): KubeObject => {
      const before = there(kind, keyOf(object), object.metadata.name);
      const asked = object.metadata.resourceVersion;
      if (asked !== undefined && asked !== before.metadata.resourceVersion)
        throw conflict({ group: kind.group, plural: kind.names.plural }, object.metadata.name, STALE);
      return before;
    };
    const replace = (kind: Kind, before: KubeObject, after: KubeObject): KubeObject => {
      const bump = !equal(specOf(before), specOf(after));
      const generation = (before.metadata.generation ?? 1) + (bump ? 1 : 0);
      const next = { ...after, metadata: { ...after.metadata, generation } };
      if (next.metadata.deletionTimestamp !== undefined && !next.metadata.finalizers?.length) {
        this.remove(kind, keyOf(next));
        return next;
      }
      return this.#store(kind, next);
    };

    return {
      get: async <O extends KubeObject>(kind: Kind<O>, namespace: string, name: string) =>
        this.get(kind, namespace ? `${namespace}/${name}` : name),
      list: async <O extends KubeObject>(kind: Kind<O>) => ({
        items: [...this.#table(kind).objects.values()] as O[],
        resourceVersion: String(this.#version),
      }),
      create: async (kind, object) => {
        const key = keyOf(object);
        this.#note({ verb: 'create', kind, key, body: object });
        if (this.#table(kind).objects.has(key))
          throw alreadyExists({ group: kind.group, plural: kind.names.plural }, object.metadata.name);
        return this.#store(kind, { ...object, metadata: { ...object.metadata, generation: 1 } }) as typeof object;
      },
      update: async (kind, object) => {
        this.#note({ verb: 'update', kind, key: keyOf(object), body: object });
        const before = fresh(kind, object);
        return replace(kind, before, { ...object, ...pick(before, 'status') }) as typeof object;
      },
      updateStatus: async (kind, object) => {
        this.#note({ verb: 'updateStatus', kind, key: keyOf(object), body: pick(object, 'status')['status'] });
        const before = fresh(kind, object);
        return this.#store(kind, { ...before, ...pick(object, 'status') }) as typeof object;
      },
      patch: async (kind, namespace, name, type, body) => {
        const key = namespace ? `${namespace}/${name}` : name;
        this.#note({ verb: 'patch', kind, key, body });
        const before = there(kind, key, name);
        const after: unknown = type === 'json' ? jsonPatched(before, body) : merged(before, body);
        return replace(kind, before, after as KubeObject) as never;
      },
      delete: async (kind, namespace, name) => {
        const key = namespace ? `${namespace}/${name}` : name;
        this.#note({ verb: 'delete', kind, key });
        there(kind, key, name);
        this.remove(kind, key);
      },
      watch: () => {
        throw new Error('controllers hear of changes by informers');
      },
    };
  }

  #informer<O extends KubeObject>(kind: Kind<O>): Informer<O> {
    const table = this.#table(kind);
    const all = () => [...table.objects.values()] as O[];
    return {
      kind,
      synced: true,
      get: (namespace, name) => table.objects.get(namespace ? `${namespace}/${name}` : name) as O | undefined,
      list: (namespace) => all().filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
      ownedBy: (uid) => all().filter((object) => controllerOf(object)?.uid === uid),
      byIndex: (index, value) => all().filter((object) => table.indexes.get(index)?.(object).includes(value)),
      addIndex: (index, valuesOf) =>
        void table.indexes.set(index, valuesOf as (object: KubeObject) => readonly string[]),
      onChange(listen) {
        const heard = listen as (change: Change<KubeObject>) => void;
        for (const object of table.objects.values()) heard({ after: object });
        table.listeners.add(heard);
        return () => void table.listeners.delete(heard);
      },
    };
  }
}

function specOf(object: KubeObject): unknown {
  const { metadata: _metadata, status: _status, ...rest } = object as KubeObject & { status?: unknown };
  return rest;
}

function pick(object: KubeObject, field: string): Record<string, unknown> {
  const value = (object as unknown as Record<string, unknown>)[field];
  return value === undefined ? {} : { [field]: value };
}

function jsonPatched(before: KubeObject, body: unknown): unknown {
  const after = copy(before);
  for (const fault of applyPatch(after, body as Operation[])) if (fault) throw fault;
  return after;
}

/** RFC 7386. */
function merged(before: unknown, patch: unknown): Json {
  if (!isRecord(patch)) return patch as Json;
  const out: Record<string, unknown> = isRecord(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = merged(out[key], value);
  }
  return out as Json;
}
