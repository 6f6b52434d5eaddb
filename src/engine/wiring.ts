// What a controller looks at, and which changes of it give a key its turn.

import { equal } from '#base/mod.ts';
import { ConfigMap } from '#kinds/mod.ts';
import type { Kind, KubeObject, ObjectKey } from '#machinery/mod.ts';
import { controllerOf, keyOf, splitApiVersion } from '#machinery/mod.ts';
import type { ConfigSource } from './config-source.ts';
import type { ControllerDefinition } from './controller.ts';
import type { View } from './view.ts';
import type { WorkQueue } from './work-queue.ts';

/** Makes every informer and index that a definition needs, so that they are synced before the first turn. Gives the kinds. */
export function prepare<O extends KubeObject>(definition: ControllerDefinition<O>, view: View): readonly Kind[] {
  const { of, owns = [], watches = [], reads = [], indexes = [], configs = [] } = definition;
  const kinds: readonly Kind[] = [
    of,
    ...owns,
    ...watches.map(({ kind }) => kind),
    ...reads,
    ...(configs.length > 0 ? [ConfigMap] : []),
  ];
  for (const kind of kinds) view.informer(kind);
  for (const index of indexes) view.addIndex(index.kind, index.name, (object) => index.valuesOf(object));
  return kinds;
}

/** Connects everything that puts keys into the queue. Returns the stops. */
export function connect<O extends KubeObject>(
  definition: ControllerDefinition<O>,
  queue: WorkQueue,
  { view, config }: { readonly view: View; readonly config: ConfigSource },
): (() => void)[] {
  const { of, owns = [], watches = [], configs = [], lingerMs = 0, childLingerMs = lingerMs } = definition;
  const stopListening = definition.listen?.((key) => queue.add(key), view);
  const add = (key: ObjectKey) => queue.linger(key, lingerMs);
  const addLater = (key: ObjectKey) => queue.linger(key, childLingerMs);
  // Whose objects are not selected has nothing to do for them, unless to forget what there was.
  const isOurs = (object: O | undefined) =>
    definition.forget !== undefined ||
    (object !== undefined && (definition.selects?.(object, (one) => config.get(one)) ?? true));
  const all = () => {
    for (const object of view.list(of)) add(keyOf(object));
  };
  return [
    view.informer(of).onChange(({ before, after }) => {
      const object = after ?? before;
      if (object && isOurs(after)) (isOfStatus(before, after) ? addLater : add)(keyOf(object));
    }),
    ...owns.map((kind) =>
      view.informer(kind).onChange(({ before, after }) =>
        eachOf(before, after, (object) => {
          const owner = ownerKey(object, of);
          if (owner) addLater(owner);
        }),
      ),
    ),
    ...watches.map((watch) =>
      view
        .informer(watch.kind)
        .onChange(({ before, after }) => eachOf(before, after, (object) => watch.keys(object, view).forEach(addLater))),
    ),
    ...configs.map((one) => config.onChange(one, all)),
    ...(stopListening ? [stopListening] : []),
  ];
}

/** Whether a change says nothing new of what should be: mostly it is what a controller of this kind wrote itself. */
function isOfStatus(before: KubeObject | undefined, after: KubeObject | undefined): boolean {
  if (!before || !after) return false;
  const [old, now] = [before.metadata, after.metadata];
  return (
    now.generation !== undefined &&
    now.generation === old.generation &&
    now.deletionTimestamp === old.deletionTimestamp &&
    equal(now.labels, old.labels) &&
    equal(now.annotations, old.annotations) &&
    equal(now.finalizers, old.finalizers)
  );
}

function eachOf<O>(before: O | undefined, after: O | undefined, take: (object: O) => void): void {
  if (before) take(before);
  if (after) take(after);
}

/** The key of the controller of an object, where that is of a kind. */
function ownerKey(object: KubeObject, kind: Kind): ObjectKey | undefined {
  const owner = controllerOf(object);
  if (owner?.kind !== kind.kind || splitApiVersion(owner.apiVersion).group !== kind.group) return undefined;
  const { namespace } = object.metadata;
  return kind.scope === 'Namespaced' && namespace ? `${namespace}/${owner.name}` : owner.name;
}
