// Keeps the EndpointSlices and Endpoints of Services with selectors in step with their Pods.

import { isRecord } from '#base/mod.ts';
import type { ControllerDefinition } from '#engine/mod.ts';
import { defineController, index, watch } from '#engine/mod.ts';
import { CoreService, Endpoints, EndpointSlice, Pod } from '#kinds/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import { endpointsOf, firstSelected, hasSelector, labelsOf, selectsPod } from './decide.ts';

const BY_SELECTOR = 'services by the first label that they select';

export function endpointsController(): ControllerDefinition<CoreService> {
  return defineController<CoreService>({
    name: 'endpointslice-controller',
    lingerMs: 5,
    of: CoreService,
    status: 'none',
    owns: [EndpointSlice, Endpoints],
    selects: hasSelector,
    indexes: [index(CoreService, BY_SELECTOR, firstSelected)],
    watches: [
      watch(Pod, (pod, reader) =>
        labelsOf(pod)
          .flatMap((label) => reader.byIndex(CoreService, BY_SELECTOR, label))
          .filter((service) => selectsPod(service, pod))
          .map(keyOf),
      ),
    ],
    async reconcile(turn) {
      const { slices, endpoints } = endpointsOf(turn.object, turn.list(Pod, turn.object.metadata.namespace));
      await Promise.all(slices.map((slice) => turn.apply(EndpointSlice, slice)));
      // An address list without subsets has to lose those of before, which an absent field would not say.
      await turn.apply(
        Endpoints,
        { ...endpoints, subsets: endpoints.subsets ?? [] },
        { unchanged: (there) => sameSubsets(there, endpoints) },
      );
      await turn.prune(
        EndpointSlice,
        slices.map(({ metadata }) => metadata.name),
      );
    },
  });
}

function sameSubsets(there: unknown, { subsets = [] }: Endpoints): boolean {
  const before = isRecord(there) ? (there['subsets'] ?? []) : [];
  return JSON.stringify(before) === JSON.stringify(subsets);
}
