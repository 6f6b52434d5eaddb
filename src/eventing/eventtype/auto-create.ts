// EventTypes of what comes in: one for each type and source that a Broker or channel sees for the first time.

import { md5, messageOf } from '#base/mod.ts';
import type { Controller, Engine } from '#engine/mod.ts';
import type { EventsControl, TypeSeen } from '#events/mod.ts';
import { Broker, eventingFeaturesConfig, EventType, InMemoryChannel } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { isReason } from '#machinery/mod.ts';
import type { Logger } from '#telemetry/mod.ts';

/** Runs until its signal ends. */
export function eventTypeMaker(engine: Engine, events: Pick<EventsControl, 'onTypeSeen'>, log: Logger): Controller {
  return {
    name: 'eventtype-auto-create',
    async run(signal) {
      // The informers are there from the start, so that owners are found.
      for (const kind of [Broker, InMemoryChannel]) engine.view.informer<KubeObject>(kind);
      const stop = events.onTypeSeen((seen) => void make(engine, seen, log));
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      stop();
    },
  };
}

async function make({ client, config, view }: Engine, seen: TypeSeen, log: Logger): Promise<void> {
  if (!config.get(eventingFeaturesConfig).isEnabled('eventtype-auto-create')) return;
  const { kind, namespace, name } = seen.address;
  const owner = kind === 'broker' ? view.get(Broker, namespace, name) : view.get(InMemoryChannel, namespace, name);
  if (!owner) return;
  try {
    await client.create(EventType, eventTypeOf(seen, owner));
  } catch (thrown) {
    if (!isReason(thrown, 'AlreadyExists'))
      log.warn('an EventType could not be made', { type: seen.type, error: messageOf(thrown) });
  }
}

/** The EventType of a type that was seen; always under the same name. */
export function eventTypeOf({ type, source, schema }: TypeSeen, owner: KubeObject): EventType {
  const { apiVersion, kind, metadata } = owner;
  const { namespace = '', name, uid = '' } = metadata;
  return {
    apiVersion: EventType.apiVersion,
    kind: EventType.kind,
    metadata: {
      name: subdomain(`et-${name}-${md5(`${type}${source}${namespace}${name}`)}`),
      namespace,
      ownerReferences: [{ apiVersion, kind, name, uid }],
    },
    spec: {
      type,
      source,
      ...(schema ? { schema } : {}),
      reference: { apiVersion, kind, name, namespace },
      description: 'Event Type auto-created by controller',
    },
  };
}

/** A text as the name of an object: what no name may have is left out. */
function subdomain(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '')
    .replaceAll(/^[.-]+|[.-]+$/g, '')
    .slice(0, 253);
}
