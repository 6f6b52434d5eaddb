// workloads: what Kubernetes' own controllers would do, for the standalone home.

import type { Random } from '#base/mod.ts';
import type { Controller, Engine } from '#engine/mod.ts';
import type { Informers, Scheme } from '#objects/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { garbageCollector } from './collector/collector.ts';
import { cronJobController } from './cron-job/controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { endpointsController } from './endpoints/controller.ts';
import { hpaController } from './hpa/controller.ts';
import type { MetricSources } from './hpa/measure.ts';
import { jobController } from './job/controller.ts';
import { namespaceContents } from './namespaces/contents.ts';
import { namespaceDeletion } from './namespaces/deletion.ts';
import { podCollector } from './pods/pod-gc.ts';
import { quotaController } from './quota/controller.ts';
import { replicaSetController } from './replica-set/controller.ts';
import { schedulerController } from './scheduler/controller.ts';
import type { VolumeFolders } from './volumes/claim-controller.ts';
import { claimController } from './volumes/claim-controller.ts';
import { ephemeralController } from './volumes/ephemeral-controller.ts';
import { volumeController } from './volumes/volume-controller.ts';

export { podMetrics } from './hpa/pod-metrics.ts';
export type { VolumeFolders } from './volumes/claim-controller.ts';

export interface WorkloadOptions {
  readonly engine: Engine;
  readonly informers: Informers;
  /** All kinds there are; the garbage collector and the deletion of namespaces follow its changes. */
  readonly scheme: Scheme;
  readonly random: Random;
  readonly log: Logger;
  /** PEM of the authority that signed the API server's certificate; every namespace carries it. */
  readonly rootCa: string;
  /** Where the volumes of claims lie. */
  readonly volumes: VolumeFolders;
  /** What HorizontalPodAutoscalers go by; without it none of them is looked after. */
  readonly metrics?: MetricSources;
}

/** All of them; each runs until the signal given to its `run` ends. */
export function workloadControllers(options: WorkloadOptions): Controller[] {
  const { engine, informers, scheme, random, log, rootCa, volumes, metrics } = options;
  const { client, clock } = engine;
  return [
    engine.controller(deploymentController()),
    engine.controller(replicaSetController(random)),
    engine.controller(jobController(random)),
    engine.controller(cronJobController),
    engine.controller(schedulerController()),
    engine.controller(endpointsController()),
    ...(metrics ? [engine.controller(hpaController(metrics))] : []),
    engine.controller(namespaceContents(rootCa)),
    engine.controller(namespaceDeletion({ engine, informers, scheme })),
    engine.controller(podCollector()),
    engine.controller(claimController(volumes)),
    engine.controller(volumeController(volumes)),
    engine.controller(ephemeralController()),
    engine.controller(quotaController(scheme)),
    garbageCollector({ client, informers, scheme, clock, log }),
  ];
}
