// All controllers of Serving, ready to run.

import type { Clock, Random } from '#base/mod.ts';
import type { Controller, Engine } from '#engine/mod.ts';
import { createEngine } from '#engine/mod.ts';
import type { GatewayControl } from '#gateway/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import { createMetrics } from '#telemetry/mod.ts';
import type { FetchText, Logger, Metrics } from '#telemetry/mod.ts';
import { certificateController } from './certificate/controller.ts';
import type { CertificateIssuers } from './certificate/issuers.ts';
import { Orders } from './certificate/orders.ts';
import { configurationController } from './configuration/controller.ts';
import { domainMappingController } from './domainmapping/controller.ts';
import { gcController } from './gc/controller.ts';
import { ingressController } from './ingress/controller.ts';
import { labelerController } from './labeler/controller.ts';
import { Backlogs } from './metric/backlogs.ts';
import { metricController } from './metric/controller.ts';
import { namespaceCertificateController } from './nscert/controller.ts';
import { hpaClassController } from './podautoscaler/hpa-class.ts';
import { podAutoscalerController } from './podautoscaler/controller.ts';
import { Deciders } from './podautoscaler/deciders.ts';
import { PodAutoscalerMeter } from './podautoscaler/meter.ts';
import { revisionController } from './revision/controller.ts';
import type { DigestResolver } from './revision/digests.ts';
import { Digests } from './revision/digests.ts';
import { routeController } from './route/controller.ts';
import { serverlessServiceController } from './serverlessservice/controller.ts';
import { serviceController } from './service/controller.ts';
import { TargetBoard } from './target/board.ts';
import { targetController } from './target/controller.ts';
import { serviceTargetController } from './target/services.ts';

export interface ServingOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly gateway: GatewayControl;
  readonly digests: DigestResolver;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Where certificates of this platform's own class come from; without it nobody carries those out. */
  readonly issuers?: CertificateIssuers;
  /** Gets the numbers that `ebb.dev/backlog` names; without it none is had. */
  readonly fetchText?: FetchText;
  /** One that other rooms share; one of its own unless told. */
  readonly engine?: Engine;
}

/** Made once for a process; `runControllers` of the engine runs them. */
export function servingControllers({ gateway, digests: resolver, issuers, ...options }: ServingOptions): Controller[] {
  const engine = options.engine ?? createEngine(options);
  const { clock } = options;
  const board = new TargetBoard(gateway);
  const digests = new Digests(resolver, clock);
  const metrics = options.metrics ?? createMetrics();
  const orders = issuers && new Orders({ issuers, board, clock, metrics });
  const deciders = new Deciders(gateway, clock);
  const meter = options.metrics && new PodAutoscalerMeter(options.metrics, (key) => deciders.last(key));
  const backlogs = new Backlogs({
    clock,
    fetch: options.fetchText,
    wants: (key) => (deciders.last(key)?.spec.reachability ?? 'unreachable') !== 'unreachable',
    record: (key, copies) => deciders.recordBacklog(key, copies),
  });
  return [
    // Whoever comes first hears of a change first: a request may be waiting for the Pod that has just become ready.
    engine.controller(targetController(board)),
    engine.controller(serviceController),
    engine.controller(configurationController),
    engine.controller(revisionController(digests)),
    engine.controller(routeController),
    engine.controller(domainMappingController),
    engine.controller(labelerController),
    engine.controller(gcController),
    engine.controller(podAutoscalerController(deciders, meter)),
    engine.controller(hpaClassController),
    engine.controller(metricController(backlogs)),
    engine.controller(serverlessServiceController),
    engine.controller(namespaceCertificateController),
    ...(issuers && orders ? [engine.controller(certificateController({ issuers, orders, metrics }))] : []),
    engine.controller(serviceTargetController(board)),
    engine.controller(ingressController({ gateway, board })),
  ];
}
