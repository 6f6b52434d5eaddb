// What a Pod is, as its node agent tells it.

import type { TypeOf } from '#machinery/mod.ts';
import { any, flag, int32, int64, list, listByKey, object, text, time } from '#machinery/mod.ts';
import type { JsonObject } from '#base/mod.ts';
import { ResourceListSchema, ResourceRequirementsSchema } from './container.ts';

export const PodConditionSchema = object({
  type: text().required(),
  observedGeneration: int64(),
  status: text().required(),
  lastProbeTime: time().with({ nullable: true }),
  lastTransitionTime: time(),
  reason: text(),
  message: text(),
});
export type PodCondition = TypeOf<typeof PodConditionSchema>;

const TerminatedSchema = object({
  exitCode: int32().required(),
  signal: int32(),
  reason: text(),
  message: text(),
  startedAt: time(),
  finishedAt: time(),
  containerID: text(),
});
export type ContainerStateTerminated = TypeOf<typeof TerminatedSchema>;

/** One of waiting, running, terminated. */
export const ContainerStateSchema = object({
  waiting: object({ reason: text(), message: text() }),
  running: object({ startedAt: time() }),
  terminated: TerminatedSchema,
});
export type ContainerState = TypeOf<typeof ContainerStateSchema>;

export const ContainerStatusSchema = object({
  name: text().required(),
  state: ContainerStateSchema,
  lastState: ContainerStateSchema,
  ready: flag().required(),
  restartCount: int32().required(),
  image: text().required(),
  imageID: text().required(),
  containerID: text(),
  started: flag(),
  allocatedResources: ResourceListSchema,
  resources: ResourceRequirementsSchema,
  volumeMounts: listByKey(
    object({
      name: text().required(),
      mountPath: text().required(),
      readOnly: flag(),
      recursiveReadOnly: text(),
    }),
    'mountPath',
  ),
  user: any<JsonObject>(),
  allocatedResourcesStatus: list(any<JsonObject>()),
  stopSignal: text(),
});
export type ContainerStatus = TypeOf<typeof ContainerStatusSchema>;

export const PodStatusSchema = object({
  observedGeneration: int64(),
  phase: text(),
  conditions: listByKey(PodConditionSchema, 'type'),
  message: text(),
  reason: text(),
  nominatedNodeName: text(),
  hostIP: text(),
  hostIPs: list(object({ ip: text().required() })),
  podIP: text(),
  podIPs: listByKey(object({ ip: text().required() }), 'ip'),
  startTime: time(),
  initContainerStatuses: list(ContainerStatusSchema),
  containerStatuses: list(ContainerStatusSchema),
  qosClass: text(),
  ephemeralContainerStatuses: list(ContainerStatusSchema),
  resize: text(),
  resourceClaimStatuses: listByKey(object({ name: text().required(), resourceClaimName: text() }), 'name'),
  allocatedResources: ResourceListSchema,
  resources: ResourceRequirementsSchema,
});
export type PodStatus = TypeOf<typeof PodStatusSchema>;
