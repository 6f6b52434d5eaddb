// Looks at objects again when what they refer to changes.

import type { Index, Watch } from '#engine/mod.ts';
import { index, watch } from '#engine/mod.ts';
import type { Destination, KReference } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { keyOf, splitApiVersion } from '#machinery/mod.ts';
import { referableKinds } from './resolve.ts';

/** What a reference is found by, whatever its version. */
function referenceKey(group: string, kind: string, namespace: string, name: string): string {
  return `${group}/${kind} ${namespace}/${name}`;
}

type Reference = Pick<KReference, 'apiVersion' | 'group' | 'kind' | 'namespace' | 'name'>;

/** What a controller adds to follow the references of its objects, to objects of these kinds. */
export function followReferences<O extends KubeObject>(
  of: Kind<O>,
  referencesOf: (object: O) => readonly (Reference | undefined)[],
  kinds: readonly Kind[] = referableKinds,
  /** What the references are, where an object has several sorts. */
  as = 'reference',
): { watches: Watch[]; indexes: Index[] } {
  const name = `eventing/${of.names.plural}-by-${as}`;
  return {
    watches: kinds.map((kind) =>
      watch(kind, ({ metadata }, reader) => {
        const key = referenceKey(kind.group, kind.kind, metadata.namespace ?? '', metadata.name);
        return reader.byIndex(of, name, key).map(keyOf);
      }),
    ),
    indexes: [
      index(of, name, (object) =>
        referencesOf(object).flatMap((reference) => {
          if (!reference?.name) return [];
          const { apiVersion, group = '', kind = '', namespace = object.metadata.namespace ?? '' } = reference;
          const own = apiVersion ? splitApiVersion(apiVersion).group : group;
          return [referenceKey(own, kind, namespace, reference.name)];
        }),
      ),
    ],
  };
}

/** The same for destinations. */
export function followDestinations<O extends KubeObject>(
  of: Kind<O>,
  destinationsOf: (object: O) => readonly (Destination | undefined)[],
): { watches: Watch[]; indexes: Index[] } {
  return followReferences(of, (object) => destinationsOf(object).map((destination) => destination?.ref));
}
