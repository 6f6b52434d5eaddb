// All kinds whose objects are kept, as the scheme has them at this moment, and every change of any of their objects.

import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { Change, Informers, Scheme } from '#objects/mod.ts';

/** One kind for each resource: the version in which it is stored. Kinds that are only asked of are left out. */
export function storedKinds(scheme: Scheme): Kind[] {
  const kept = scheme.kinds.filter(({ verbs }) => !verbs || (verbs.includes('get') && verbs.includes('delete')));
  return [...new Map(kept.map((kind) => [kind.resource, scheme.storedAs(kind)])).values()];
}

/** Calls `listen` for every object there is and each change, of kinds that come later too. Returns the stop. */
export function watchKinds(
  scheme: Scheme,
  informers: Informers,
  listen: (kind: Kind, change: Change<KubeObject>) => void,
): () => void {
  const stops = new Map<Kind, () => void>();
  const adjust = () => {
    const wanted = new Set(storedKinds(scheme));
    for (const [kind, stop] of stops) {
      if (wanted.has(kind)) continue;
      stop();
      stops.delete(kind);
    }
    for (const kind of wanted) {
      if (!stops.has(kind))
        stops.set(
          kind,
          informers.of(kind).onChange((change) => listen(kind, change)),
        );
    }
  };
  adjust();
  const stopListening = scheme.onChange(adjust);
  return () => {
    stopListening();
    for (const stop of stops.values()) stop();
    stops.clear();
  };
}
