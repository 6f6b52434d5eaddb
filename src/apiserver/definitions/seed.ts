// What is there from the first start: definitions of the platform's own custom kinds, and the default roles.

import type { JsonObject } from '#base/mod.ts';
import { copy, equal, invariant } from '#base/mod.ts';
import { CustomResourceDefinition } from '#kinds/mod.ts';
import type { Kind, UserInfo } from '#machinery/mod.ts';
import { crdOf, isReason } from '#machinery/mod.ts';
import type { Registry, Scheme } from '#objects/mod.ts';
import { defaultRoles } from '../authz/default-roles.ts';
import { MASTERS } from '../authz/rbac.ts';

const OPTIONS = { user: { name: 'system:apiserver', groups: [MASTERS] } satisfies UserInfo, fieldManager: 'ebb' };

/** The resources (`group/plural`) of the custom kinds that a scheme begins with. */
export function builtInResources({ kinds }: Scheme): ReadonlySet<string> {
  return new Set(kinds.filter(({ custom }) => custom).map(({ resource }) => resource));
}

/** Makes the definitions of these custom resources, and brings older ones up to date; labels that users added stay. */
export async function seedDefinitions(registry: Registry, resources: ReadonlySet<string>): Promise<void> {
  for (const resource of resources) {
    const [first, ...rest] = registry.scheme.versionsOf(resource);
    if (first) await seedDefinition(registry, [first, ...rest]);
  }
}

async function seedDefinition(registry: Registry, kinds: readonly [Kind, ...Kind[]]): Promise<void> {
  const wanted = crdOf(kinds) as JsonObject & { metadata: { name: string; labels: Record<string, string> } };
  const place = { namespace: '', name: wanted.metadata.name };
  const found = registry.get(CustomResourceDefinition, place);
  if (!found) return createOnce(registry, CustomResourceDefinition, wanted);
  const next = {
    ...copy(found),
    spec: wanted['spec'],
    metadata: { ...copy(found.metadata), labels: { ...found.metadata.labels, ...wanted.metadata.labels } },
  };
  if (!equal(next.spec, found.spec) || !equal(next.metadata.labels, found.metadata.labels ?? {}))
    await registry.update(CustomResourceDefinition, place, next, OPTIONS);
}

/** Makes the default roles and bindings that are not there; those that are stay as they are. */
export async function seedRoles(registry: Registry): Promise<void> {
  for (const role of defaultRoles) {
    const kind = registry.scheme.byKind(role.apiVersion, role.kind);
    invariant(kind, `the scheme has no kind ${role.kind}`);
    await createOnce(registry, kind, role);
  }
}

async function createOnce(registry: Registry, kind: Kind, object: JsonObject): Promise<void> {
  const { name } = object['metadata'] as { name: string };
  if (registry.get(kind, { namespace: '', name })) return;
  try {
    await registry.create(kind, '', object, OPTIONS);
  } catch (thrown) {
    if (!isReason(thrown, 'AlreadyExists')) throw thrown;
  }
}
