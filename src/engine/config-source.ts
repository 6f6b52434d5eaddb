// Config maps as values: read when first asked for, kept current, and the last good value stays when an edit is bad.

import { messageOf } from '#base/mod.ts';
import { ConfigMap } from '#kinds/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { View } from './view.ts';

/** A config map with a parser: what it means when its data is this. `parse` throws on data that means nothing. */
export interface ConfigDefinition<T> {
  readonly name: string;
  readonly namespace: string;
  parse(data: Readonly<Record<string, string>>): T;
}

interface Kept {
  value: unknown;
  data: Readonly<Record<string, string>> | undefined;
  readonly listeners: Set<() => void>;
}

const NO_DATA: Readonly<Record<string, string>> = {};

/** Live snapshots. A missing config map means its defaults. */
export class ConfigSource {
  readonly #view: View;
  readonly #log: Logger;
  readonly #kept = new Map<string, Kept>();

  constructor(view: View, log: Logger) {
    this.#view = view;
    this.#log = log;
  }

  /** The value in force. */
  get<T>(definition: ConfigDefinition<T>): T {
    return this.#keep(definition).value as T;
  }

  /** Calls after each change of the value. Returns the stop. */
  onChange(definition: ConfigDefinition<unknown>, listen: () => void): () => void {
    const { listeners } = this.#keep(definition);
    listeners.add(listen);
    return () => void listeners.delete(listen);
  }

  #keep(definition: ConfigDefinition<unknown>): Kept {
    const key = `${definition.namespace}/${definition.name}`;
    const known = this.#kept.get(key);
    if (known) return known;
    const kept: Kept = { value: definition.parse(NO_DATA), data: undefined, listeners: new Set() };
    this.#kept.set(key, kept);
    this.#take(definition, kept, this.#view.informer(ConfigMap).get(definition.namespace, definition.name));
    this.#view.informer(ConfigMap).onChange(({ before, after }) => {
      const { name, namespace } = (after ?? before)?.metadata ?? {};
      if (name !== definition.name || namespace !== definition.namespace) return;
      if (this.#take(definition, kept, after)) for (const listen of kept.listeners) listen();
    });
    return kept;
  }

  /** Whether the map said something new that means something. */
  #take(definition: ConfigDefinition<unknown>, kept: Kept, map: ConfigMap | undefined): boolean {
    const data = map?.data ?? NO_DATA;
    if (data === kept.data) return false;
    kept.data = data;
    try {
      kept.value = definition.parse(data);
      return true;
    } catch (thrown) {
      const fields = { config: definition.name, error: messageOf(thrown) };
      this.#log.warn('a config map is not usable; its last good value stays in force', fields);
      return false;
    }
  }
}
