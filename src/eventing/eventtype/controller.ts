// An EventType says whether the object is there that it says has the events.

import type { ControllerDefinition } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { allKinds, CoreService, EventType } from '#kinds/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import { splitApiVersion } from '#machinery/mod.ts';
import { followReferences } from '../resolve/follow.ts';

const CONDITION = 'ReferenceExists';

/** What may have events: objects that tell how they stand, and Services. */
const holders: readonly Kind[] = [CoreService, ...allKinds.filter(({ conditions }) => conditions !== undefined)];

export function eventTypeController(): ControllerDefinition<EventType> {
  const followed = followReferences(EventType, ({ spec }) => [spec.reference], holders);
  return defineController({
    name: 'eventtype-controller',
    of: EventType,
    watches: followed.watches,
    indexes: followed.indexes,

    reconcile(turn) {
      const { object, mark } = turn;
      const { reference } = object.spec;
      if (!reference || Object.values(reference).every((value) => !value))
        return mark.trueWith(CONDITION, 'ReferenceNotSet', 'spec.reference is not set');
      const { apiVersion = '', group, kind: named, name = '', namespace = object.metadata.namespace ?? '' } = reference;
      const of = apiVersion ? splitApiVersion(apiVersion).group : (group ?? '');
      const kind = holders.find((one) => one.group === of && one.kind === named);
      if (!kind) {
        const why = `no matches for kind ${JSON.stringify(named)} in version ${JSON.stringify(apiVersion || of)}`;
        return mark.unknown(CONDITION, 'ReferenceGetFailed', `Failed to get reference: ${why}`);
      }
      if (turn.get(kind, namespace, name)) return mark.true(CONDITION);
      return mark.false(CONDITION, 'ResourceDoesNotExist', 'Resource in spec.reference does not exist');
    },
  });
}
