// The values of a config map as they are at a write.

import type { WriteContext } from '#machinery/mod.ts';
import type { ConfigMapDefinition } from './define.ts';

const read = new WeakMap<object, Map<object, unknown>>();

/**
 * The values in force. Data that cannot be read counts as the defaults: a bad edit is refused at admission,
 * so only a map that came by another way can be such.
 */
export function configOf<V>({ config }: Pick<WriteContext, 'config'>, definition: ConfigMapDefinition<V>): V {
  const data = config(definition.name);
  const known = read.get(data) ?? new Map<object, unknown>();
  read.set(data, known);
  if (!known.has(definition)) known.set(definition, parseOrDefaults(definition, data));
  return known.get(definition) as V;
}

function parseOrDefaults<V>(definition: ConfigMapDefinition<V>, data: Readonly<Record<string, string>>): V {
  try {
    return definition.parse(data);
  } catch {
    return definition.parse({});
  }
}
