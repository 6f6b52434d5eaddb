// What a Pod that the node has no worker for asks of it. Pure.

import type { Pod } from '#kinds/mod.ts';

export interface ArrivalFacts {
  readonly nodeName: string;
  /** An earlier platform noted that something of it runs. */
  readonly isNoted: boolean;
}

/** `remove`: from the API, for it has ended and is being deleted. `stop` and `stop, once taken over`: it is being deleted. */
export type Arrival = 'none' | 'remove' | 'run' | 'stop' | 'stop, once taken over';

export function onArrival({ metadata, spec, status }: Pod, { nodeName, isNoted }: ArrivalFacts): Arrival {
  const isGoing = Boolean(metadata.deletionTimestamp);
  if (spec.nodeName !== nodeName) return 'none';
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return isGoing ? 'remove' : 'none';
  if (!isGoing) return 'run';
  return isNoted ? 'stop, once taken over' : 'stop';
}
