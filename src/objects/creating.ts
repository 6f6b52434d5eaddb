// A new object on its way to the store.

import { copy, deepFreeze, nameSuffix, rfc3339, uuid } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { alreadyExists } from '#machinery/mod.ts';
import type { Desk } from './desk.ts';
import { isLossy, written } from './desk.ts';
import type { Draft } from './draft.ts';
import { admissionRequest, check, prepare } from './draft.ts';
import { hasGeneration } from './merge.ts';
import { own } from './ownership.ts';
import { nameOf } from './refusals.ts';
import type { WriteOptions, Written } from './requests.ts';
import type { StoreOutcome } from './store.ts';

/** How often a generated name is tried before 409; Kubernetes tries as often. */
const NAME_TRIES = 8;
/** A generated name keeps room for its suffix within 63 characters. */
const MAX_GENERATED_BASE = 58;

/** Stores a decoded object under its name or a generated one. `manage` writes its managedFields. */
export async function createObject(
  desk: Desk,
  kind: Kind,
  object: KubeObject,
  warnings: readonly string[],
  options: WriteOptions,
  manage = own,
): Promise<Written> {
  const base = object.metadata.name ? undefined : object.metadata.generateName;
  for (let tries = 1; ; tries++) {
    const attempt = copy(object);
    if (base) attempt.metadata.name = `${base.slice(0, MAX_GENERATED_BASE)}${nameSuffix(desk.random)}`;
    const draft = desk.draft(kind, 'CREATE', attempt, options, warnings);
    const outcome = await storeNew(desk, draft, options, manage);
    if (outcome.kind === 'written') return written(outcome.object, draft, 'created');
    if (!base || tries === NAME_TRIES) throw alreadyExists(nameOf(kind), attempt.metadata.name);
  }
}

async function storeNew(desk: Desk, draft: Draft, options: WriteOptions, manage: typeof own): Promise<StoreOutcome> {
  const { kind } = draft;
  desk.checkNamespace(draft);
  startMetadata(desk, draft);
  await prepare(draft, desk.plugins, desk.surroundings(kind));
  check(draft, desk.surroundings(kind));
  manage(draft, options);
  return desk.admitted(admissionRequest(draft), async () => {
    const { namespace = '', name } = draft.object.metadata;
    if (draft.dryRun) {
      const isThere = desk.store.get(kind.resource, namespace, name);
      return isThere ? { kind: 'alreadyExists' } : { kind: 'written', object: deepFreeze(draft.object) };
    }
    // Again, for the Namespace may have begun to go while admission thought.
    desk.checkNamespace(draft);
    const object = desk.stored(kind, draft.object);
    return desk.store.write(
      { resource: kind.resource, namespace, name, object, expect: 'absent' },
      { lossy: isLossy(draft) },
    );
  });
}

const SERVERS_OWN = ['selfLink', 'generation', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

/** What only the server may say, before defaults, for some are made from it. Status is written by its subresource alone. */
function startMetadata({ random }: Desk, { kind, object, now }: Draft): void {
  const { metadata } = object;
  for (const field of SERVERS_OWN) delete metadata[field];
  metadata.uid = uuid(random);
  metadata.creationTimestamp = rfc3339(now);
  if (hasGeneration(kind)) metadata.generation = 1;
  if (kind.hasStatus) Reflect.deleteProperty(object, 'status');
}
