// A PodAutoscaler of class hpa leaves the copies of a revision to a HorizontalPodAutoscaler: never down to none.

import { minScaleOf } from '#autoscaler/mod.ts';
import type { Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { autoscalerConfig, HorizontalPodAutoscaler, HPA_CLASS, PodAutoscaler, ServerlessService } from '#kinds/mod.ts';
import { isTrue } from '#machinery/mod.ts';
import { neededScale } from './active.ts';
import { autoscalerSpecOf, classOf } from './annotations.ts';
import { horizontalPodAutoscalerOf, serverlessServiceOf } from './children.ts';

type PaTurn = Turn<PodAutoscaler>;

const SKS_NOT_READY = 'SKS Services are not ready yet';

export const hpaClassController = defineController<PodAutoscaler>({
  name: 'hpa-class-podautoscaler-controller',
  lingerMs: 5,
  of: PodAutoscaler,
  owns: [HorizontalPodAutoscaler, ServerlessService],
  configs: [autoscalerConfig],
  selects: ({ metadata }, config) => classOf(metadata.annotations, config(autoscalerConfig)) === HPA_CLASS,

  async reconcile(turn) {
    const hpa = await applyHpa(turn);
    // No activators are set apart: all of them hold requests for as long as no copy is there.
    const { object: sks } = await turn.apply(ServerlessService, serverlessServiceOf(turn.object, 'Serve', 0), {
      metadata: 'merge',
    });
    const { status, mark } = turn;
    status.serviceName = sks.status?.serviceName ?? '';
    status.metricsServiceName = sks.status?.privateServiceName ?? '';
    const { currentReplicas = 0, desiredReplicas = 0 } = hpa.status ?? {};
    if (isTrue(sks.status, 'Ready')) {
      mark.true('SKSReady');
      if (currentReplicas >= needed(turn)) mark.true('ScaleTargetInitialized');
    } else mark.unknown('SKSReady', 'NotReady', SKS_NOT_READY);
    mark.true('Active');
    status.desiredScale = desiredReplicas;
    status.actualScale = currentReplicas;
  },
});

async function applyHpa(turn: PaTurn): Promise<HorizontalPodAutoscaler> {
  const { name } = turn.object.metadata;
  const desired = horizontalPodAutoscalerOf(turn.object, turn.config(autoscalerConfig));
  try {
    const { outcome, object } = await turn.apply(HorizontalPodAutoscaler, desired, { metadata: 'merge' });
    if (outcome !== 'taken') return object;
  } catch (error) {
    turn.mark.false('Active', 'FailedCreate', `Failed to create HorizontalPodAutoscaler ${JSON.stringify(name)}.`);
    throw error;
  }
  const whose = `There is an existing HorizontalPodAutoscaler ${JSON.stringify(name)} that we do not own.`;
  turn.mark.false('Active', 'NotOwned', whose);
  throw new Error(`PodAutoscaler: ${JSON.stringify(name)} does not own HPA: ${JSON.stringify(name)}`);
}

function needed(turn: PaTurn): number {
  const spec = autoscalerSpecOf(turn.object, turn.config(autoscalerConfig));
  return neededScale({
    minScale: minScaleOf(spec),
    initialScale: spec.initialScale,
    initialized: isTrue(turn.object.status, 'ScaleTargetInitialized'),
  });
}
