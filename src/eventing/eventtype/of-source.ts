// The EventTypes of a source: one for each type of event that it says it sends to an object.

import type { ControllerDefinition } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { md5 } from '#base/mod.ts';
import type { CeAttributes, Destination } from '#kinds/mod.ts';
import { allKinds, EventType, SOURCE_NAME_LABEL } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';

type Source = KubeObject & {
  spec: { sink?: Destination | undefined };
  status?: { ceAttributes?: CeAttributes | undefined } | undefined;
};

/** Kinds that send events of their own, one version each. */
export const sourceKinds: readonly Kind<Source>[] = allKinds.filter(
  ({ crdLabels, resource }, i) =>
    crdLabels['duck.knative.dev/source'] === 'true' && allKinds.findIndex((one) => one.resource === resource) === i,
) as unknown as readonly Kind<Source>[];

export function sourceEventTypesController(of: Kind<Source>): ControllerDefinition<Source> {
  return defineController({
    name: `${of.names.singular}-eventtypes-controller`,
    of,
    status: 'none',
    owns: [EventType],

    async reconcile(turn) {
      const wanted = eventTypesOf(turn.object);
      for (const eventType of wanted) await turn.apply(EventType, eventType, { metadata: 'merge' });
      await turn.prune(
        EventType,
        wanted.map(({ metadata }) => metadata.name),
      );
    },
  });
}

/** None for a source whose sink is no object. */
function eventTypesOf({ metadata, spec, status }: Source): EventType[] {
  const reference = spec.sink?.ref;
  if (!reference) return [];
  return (status?.ceAttributes ?? []).flatMap(({ type, source = '' }) => {
    if (!type) return [];
    return {
      apiVersion: EventType.apiVersion,
      kind: EventType.kind,
      metadata: {
        name: md5(`${type}${source}${metadata.uid ?? ''}`),
        namespace: metadata.namespace ?? '',
        labels: { [SOURCE_NAME_LABEL]: metadata.name },
      },
      spec: {
        type,
        ...(source ? { source } : {}),
        reference: { namespace: metadata.namespace ?? '', ...reference },
      },
    };
  });
}
