// Deletes Revisions that no Route has led to for long.

import { defineController } from '#engine/mod.ts';
import {
  Configuration,
  gcConfig,
  NO_GC_ANNOTATION,
  Revision,
  ROUTING_STATE_LABEL,
  ROUTING_STATE_MODIFIED_ANNOTATION,
} from '#kinds/mod.ts';
import type { Inactive } from './decide.ts';
import { collect } from './decide.ts';

export const gcController = defineController({
  name: 'gc-controller',
  lingerMs: 5,
  of: Configuration,
  owns: [Revision],
  configs: [gcConfig],
  status: 'none',

  async reconcile(turn) {
    const limits = turn.config(gcConfig);
    const revisions = turn.owned(Revision);
    const latest = turn.object.status?.latestReadyRevisionName;
    const inactive = revisions.filter((one) => one.metadata.name !== latest && mayGo(one));
    const { remove, again } = collect(
      revisions.length,
      inactive.map(inactiveOf),
      {
        retainSinceCreateMs: limits.retainSinceCreateTime,
        retainSinceActiveMs: limits.retainSinceLastActiveTime,
        min: limits.minNonActiveRevisions,
        max: limits.maxNonActiveRevisions,
      },
      turn.now,
    );
    for (const revision of inactive) if (remove.includes(revision.metadata.name)) await turn.remove(Revision, revision);
    if (again !== undefined) turn.again(again);
  },
});

/** One that was never routed (`pending`) is no garbage. */
function mayGo({ metadata }: Revision): boolean {
  return metadata.labels?.[ROUTING_STATE_LABEL] === 'reserve' && metadata.annotations?.[NO_GC_ANNOTATION] !== 'true';
}

function inactiveOf({ metadata: { name, creationTimestamp, annotations } }: Revision): Inactive {
  const createdMs = Date.parse(creationTimestamp ?? '') || 0;
  return {
    name,
    createdMs,
    lastActiveMs: Date.parse(annotations?.[ROUTING_STATE_MODIFIED_ANNOTATION] ?? '') || createdMs,
  };
}
