// The Services of knative-eventing behind which the data plane takes events: whether they are there, and lead somewhere.

import type { Reader, Watch } from '#engine/mod.ts';
import { watch } from '#engine/mod.ts';
import { CoreService, EndpointSlice, EVENTING_NAMESPACE, SERVICE_NAME_LABEL } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';

export const hasService = (reader: Reader, name: string): boolean =>
  reader.get(CoreService, EVENTING_NAMESPACE, name) !== undefined;

/** How many EndpointSlices a Service has, and whether one of them has a ready address. */
export function endpointsOf(reader: Reader, service: string): 'none' | 'unready' | 'ready' {
  const slices = reader
    .list(EndpointSlice, EVENTING_NAMESPACE)
    .filter(({ metadata }) => metadata.labels?.[SERVICE_NAME_LABEL] === service);
  if (slices.length === 0) return 'none';
  const isReady = slices.some(({ endpoints }) =>
    endpoints?.some(({ addresses, conditions }) => addresses.length > 0 && conditions?.ready !== false),
  );
  return isReady ? 'ready' : 'unready';
}

/** A look at all objects of a kind when these Services lead elsewhere. */
export function watchSystemServices<O extends KubeObject>(of: Kind<O>, ...services: readonly string[]): Watch[] {
  return [
    watch(EndpointSlice, ({ metadata }, reader) =>
      metadata.namespace === EVENTING_NAMESPACE && services.includes(metadata.labels?.[SERVICE_NAME_LABEL] ?? '')
        ? reader.list(of).map(keyOf)
        : [],
    ),
    watch(CoreService, ({ metadata }, reader) =>
      metadata.namespace === EVENTING_NAMESPACE && services.includes(metadata.name) ? reader.list(of).map(keyOf) : [],
    ),
  ];
}
