// The finalizer by which a controller keeps an object until it is through with it.

import type { KubeObject } from '#machinery/mod.ts';
import { isReason } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { ControllerDefinition } from './controller.ts';
import type { Recorder } from './recorder.ts';

type Of<O extends KubeObject> = Pick<ControllerDefinition<O>, 'of' | 'finalizer'>;

/** Writes finalizers, and says so. */
export class Finalizers {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** The object with the controller's finalizer, where that has one. */
  async add<O extends KubeObject>(definition: Of<O>, object: O, events: Recorder): Promise<O> {
    const { finalizer } = definition;
    const there = object.metadata.finalizers ?? [];
    if (!finalizer || there.includes(finalizer)) return object;
    return this.#set(definition, object, [...there, finalizer], events);
  }

  async remove<O extends KubeObject>(definition: Of<O>, object: O, events: Recorder): Promise<void> {
    const rest = (object.metadata.finalizers ?? []).filter((one) => one !== definition.finalizer);
    await this.#set(definition, object, rest, events).catch((thrown: unknown) => {
      // The cache was late: the object went with its last finalizer.
      if (!isReason(thrown, 'NotFound')) throw thrown;
    });
  }

  async #set<O extends KubeObject>({ of }: Of<O>, object: O, finalizers: string[], events: Recorder): Promise<O> {
    const { namespace = '', name, resourceVersion = '' } = object.metadata;
    const body = { metadata: { finalizers, resourceVersion } };
    const patched = await this.#client.patch(of, namespace, name, 'merge', body);
    events.record(object, 'Normal', 'FinalizerUpdate', `Updated ${JSON.stringify(name)} finalizers`);
    return patched;
  }
}
