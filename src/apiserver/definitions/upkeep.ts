// Kinds that come and go at run time: each CustomResourceDefinition adds its kinds to the scheme, and takes its objects along when it goes.

import type { Clock } from '#base/mod.ts';
import { copy } from '#base/mod.ts';
import { CustomResourceDefinition } from '#kinds/mod.ts';
import type { Kind, UserInfo } from '#machinery/mod.ts';
import { isReason, kindsOfCrd } from '#machinery/mod.ts';
import type { Registry } from '#objects/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { Upkeep } from '../authz/aggregator.ts';
import { MASTERS } from '../authz/rbac.ts';
import { TurnLoop } from '../turn-loop.ts';
import { CLEANUP_FINALIZER } from './admission.ts';
import type { Finding } from './conditions.ts';
import { ACCEPTED, refused, TERMINATING, withFindings } from './conditions.ts';

const MANAGER = 'apiextensions';
const USER: UserInfo = { name: 'system:apiserver', groups: [MASTERS] };

export interface DefinitionOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  /** Resources (`group/plural`) whose kinds are part of the platform; their definitions are only shown. */
  readonly builtIn: ReadonlySet<string>;
}

/** Starts at once. */
export function startDefinitions(options: DefinitionOptions): Upkeep {
  const { registry, clock, log } = options;
  const definitions = new Definitions(options, () => loop.poke());
  const loop = new TurnLoop(() => definitions.turn(), clock, log.with({ upkeep: 'custom-resource-definitions' }));
  const stopListening = registry.store.onChange(CustomResourceDefinition.resource, () => loop.poke());
  loop.poke();
  return {
    settled: () => loop.settled(),
    stop: async () => {
      stopListening();
      definitions.stopListening();
      await loop.stop();
    },
  };
}

interface Served {
  readonly generation: number | undefined;
  readonly uid: string | undefined;
  readonly kinds: readonly Kind[];
}

class Definitions {
  readonly #options: DefinitionOptions;
  readonly #poke: () => void;
  /** By the definition's name. */
  readonly #served = new Map<string, Served>();
  /** Who waits for the objects of a definition that is going, by its name. */
  readonly #waiting = new Map<string, () => void>();

  constructor(options: DefinitionOptions, poke: () => void) {
    this.#options = options;
    this.#poke = poke;
  }

  stopListening(): void {
    for (const stop of this.#waiting.values()) stop();
    this.#waiting.clear();
  }

  /** Looks at every definition there is, and at those that were there. */
  async turn(): Promise<void> {
    const { items } = this.#options.registry.list(CustomResourceDefinition);
    const names = new Set(items.map(({ metadata }) => metadata.name));
    for (const name of this.#served.keys()) if (!names.has(name)) this.#retire(name);
    for (const crd of items) await this.#one(crd);
  }

  async #one(crd: CustomResourceDefinition): Promise<void> {
    const { builtIn } = this.#options;
    if (builtIn.has(`${crd.spec.group}/${crd.spec.names.plural}`)) return this.#tell(crd, ACCEPTED);
    if (crd.metadata.deletionTimestamp) return this.#clearAway(crd);
    const conflict = this.#conflictOf(crd);
    if (conflict) return this.#tell(crd, conflict);
    this.#serve(crd);
    await this.#tell(crd, ACCEPTED);
  }

  /** Names that another definition of the group has taken. */
  #conflictOf({ metadata, spec: { group, names } }: CustomResourceDefinition): readonly Finding[] | undefined {
    const own = new Set(this.#served.get(metadata.name)?.kinds);
    const others = this.#options.registry.scheme.kinds.filter((kind) => kind.group === group && !own.has(kind));
    if (others.some((kind) => kind.names.plural === names.plural))
      return refused('PluralConflict', `${JSON.stringify(names.plural)} is already in use`);
    if (others.some((kind) => kind.kind === names.kind))
      return refused('KindConflict', `${JSON.stringify(names.kind)} is already in use`);
    return undefined;
  }

  #serve(crd: CustomResourceDefinition): void {
    const { name, generation, uid } = crd.metadata;
    const known = this.#served.get(name);
    if (known?.generation === generation && known?.uid === uid) return;
    const kinds = kindsOfCrd(crd);
    this.#options.registry.scheme.replace(known?.kinds ?? [], kinds);
    this.#served.set(name, { generation, uid, kinds });
  }

  #retire(name: string): void {
    this.#options.registry.scheme.remove(...(this.#served.get(name)?.kinds ?? []));
    this.#served.delete(name);
    this.#waiting.get(name)?.();
    this.#waiting.delete(name);
  }

  /** First the objects go, then the definition may. */
  async #clearAway(crd: CustomResourceDefinition): Promise<void> {
    const { registry } = this.#options;
    if (!crd.metadata.finalizers?.includes(CLEANUP_FINALIZER)) return;
    this.#serve(crd);
    await this.#tell(crd, TERMINATING);
    const kind = this.#served.get(crd.metadata.name)?.kinds[0];
    if (kind) {
      this.#listen(crd.metadata.name, kind);
      await registry.deleteCollection(kind, {}, { user: USER });
      if (registry.store.list(kind.resource).length > 0) return;
    }
    await this.#release(crd.metadata.name);
  }

  #listen(name: string, kind: Kind): void {
    if (!this.#waiting.has(name))
      this.#waiting.set(name, this.#options.registry.store.onChange(kind.resource, this.#poke));
  }

  async #release(name: string): Promise<void> {
    const { registry } = this.#options;
    const crd = registry.get(CustomResourceDefinition, { namespace: '', name });
    if (!crd) return;
    const finalizers = (crd.metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
    const next = copy(crd);
    next.metadata.finalizers = finalizers;
    await unlessGone(
      registry.update(CustomResourceDefinition, { namespace: '', name }, next, { user: USER, fieldManager: MANAGER }),
    );
  }

  async #tell(crd: CustomResourceDefinition, findings: readonly Finding[]): Promise<void> {
    const { registry, clock } = this.#options;
    const next = withFindings(crd, findings, clock.now());
    if (!next) return;
    const place = { namespace: '', name: crd.metadata.name };
    await unlessGone(
      registry.update(CustomResourceDefinition, place, next, {
        user: USER,
        fieldManager: MANAGER,
        subresource: 'status',
      }),
    );
  }
}

async function unlessGone(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (thrown) {
    // A newer state has asked for a turn of its own.
    if (!isReason(thrown, 'NotFound') && !isReason(thrown, 'Conflict')) throw thrown;
  }
}
