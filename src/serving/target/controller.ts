// Keeps the gateway's target of each Revision in step with the Revision and its Pods.

import { defineController, watch } from '#engine/mod.ts';
import { featuresConfig, observabilityConfig, Pod, Revision, REVISION_LABEL } from '#kinds/mod.ts';
import { PODS_BY_REVISION, podsByRevision } from '../pods.ts';
import type { TargetBoard } from './board.ts';
import { requestLogOf, targetOf } from './target.ts';

export function targetController(board: TargetBoard) {
  return defineController({
    name: 'target-controller',
    of: Revision,
    watches: [
      watch(Pod, ({ metadata: { namespace, labels } }) => {
        const revision = labels?.[REVISION_LABEL];
        return revision ? [`${namespace}/${revision}`] : [];
      }),
    ],
    indexes: [podsByRevision],
    configs: [featuresConfig, observabilityConfig],
    status: 'none',
    // A target is a word to the gateway, not a write to the disk: all may be said at once.
    concurrency: 64,
    forget: (key) => board.remove(key),
    reconcile: (turn) =>
      board.set(
        turn.key,
        targetOf(turn.object, turn.byIndex(Pod, PODS_BY_REVISION, turn.key), {
          requestLog: requestLogOf(turn.config(observabilityConfig)),
          detectsHttp2: turn.config(featuresConfig).autodetectHttp2 !== 'disabled',
        }),
      ),
  });
}
