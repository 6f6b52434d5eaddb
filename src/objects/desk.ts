// What the steps of every write share: the store, the clock, the plug-ins, and what a write is decided on.

import type { Clock, Random } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { conflict, STALE } from '#machinery/mod.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import type { Draft, Surroundings } from './draft.ts';
import { creationRefusal, NAMESPACES } from './namespaces.ts';
import { nameOf } from './refusals.ts';
import type { Place, WriteOptions, Written } from './requests.ts';
import type { Scheme } from './scheme.ts';
import type { Store, StoreOutcome } from './store.ts';
import { asStored, asVersion } from './versions.ts';
import { configOf, lookupIn } from './write-context.ts';

/** How often a write that names no resourceVersion is decided anew when others were faster. */
const CONFLICT_TRIES = 20;

export interface DeskOptions {
  readonly store: Store;
  readonly scheme: Scheme;
  readonly clock: Clock;
  readonly random: Random;
  /** Asked in this order. */
  readonly plugins?: readonly AdmissionPlugin[];
}

export class Desk {
  readonly store: Store;
  readonly scheme: Scheme;
  readonly clock: Clock;
  readonly random: Random;
  readonly plugins: readonly AdmissionPlugin[];

  constructor({ store, scheme, clock, random, plugins = [] }: DeskOptions) {
    this.store = store;
    this.scheme = scheme;
    this.clock = clock;
    this.random = random;
    this.plugins = plugins;
  }

  /** A write on its way. */
  draft(
    kind: Kind,
    operation: Draft['operation'],
    object: KubeObject,
    { user, dryRun = false }: WriteOptions,
    warnings: readonly string[],
  ): Draft {
    return { kind, operation, object, user, dryRun, now: this.clock.now(), warnings: [...warnings] };
  }

  surroundings(kind: Kind): Surroundings {
    return { config: configOf(this.store, kind.group), lookup: lookupIn(this.store, this.scheme) };
  }

  /** What the next write is decided on, in the version of the kind; what is only about to go is waited for, so that a 404 stays true. */
  async newest(kind: Kind, { namespace, name }: Place): Promise<KubeObject | undefined> {
    let found = this.store.newest(kind.resource, namespace, name);
    if (!found) {
      await this.store.settled(kind.resource, namespace, name);
      found = this.store.get(kind.resource, namespace, name);
    }
    return found && asVersion(found, kind);
  }

  /** The object in the version in which it is stored. */
  stored(kind: Kind, object: KubeObject): KubeObject {
    return asStored(object, kind, this.scheme.storedAs(kind));
  }

  /** Throws 404 or 403 where the object's namespace takes nothing new. */
  checkNamespace({ kind, object }: Draft): void {
    const { namespace, name } = object.metadata;
    if (!namespace || !this.scheme.byKind('v1', 'Namespace')) return;
    const refusal = creationRefusal(kind, name, namespace, this.store.newest(NAMESPACES, '', namespace));
    if (refusal) throw refusal;
  }

  /** Admission's last word, then the store, then word to those who were asked. */
  async admitted(request: AdmissionRequest, store: () => Promise<StoreOutcome>): Promise<StoreOutcome> {
    let isStored = false;
    const asked: AdmissionPlugin[] = [];
    try {
      for (const plugin of this.plugins) {
        await plugin.validate?.(request);
        asked.push(plugin);
      }
      const outcome = await store();
      isStored = outcome.kind === 'written' && !request.dryRun;
      return outcome;
    } finally {
      for (const plugin of asked) plugin.done?.(request, isStored);
    }
  }

  /** Runs `attempt` until it gives something; undefined means that others were faster. Throws 409 when they always are. */
  async untilDone<T>(kind: Kind, name: string, attempt: () => Promise<T | undefined>): Promise<T> {
    for (let tries = 0; tries < CONFLICT_TRIES; tries++) {
      const result = await attempt();
      if (result !== undefined) return result;
    }
    throw conflict(nameOf(kind), name, STALE);
  }
}

/** The answer to a write that came through, or had nothing to change. */
export function written(
  object: KubeObject,
  { kind, warnings, dryRun }: Draft,
  what: 'created' | 'changed' | 'unchanged',
): Written {
  return {
    object: asVersion(object, kind),
    changed: what !== 'unchanged' && !dryRun,
    created: what === 'created',
    warnings,
  };
}

/** What a crash may take back: renewals of what is renewed anyway, and Events. */
export function isLossy({ kind, operation, subresource }: Draft): boolean {
  if (kind.lossy === 'status') return subresource === 'status';
  return kind.lossy === 'all' && (operation === 'UPDATE' || kind.resource === 'events');
}
