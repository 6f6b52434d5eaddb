// A container of a Pod, as the core group defines it.

import type { TypeOf } from '#machinery/mod.ts';
import { flag, int32, list, listByKey, map, object, quantity, text } from '#machinery/mod.ts';
import { EnvFromSchema, EnvSchema } from './env.ts';
import { LifecycleSchema, ProbeSchema } from './probe.ts';
import { SecurityContextSchema } from './security-context.ts';

export const ContainerPortSchema = object({
  name: text(),
  hostPort: int32(),
  containerPort: int32().required(),
  protocol: text().default('TCP'),
  hostIP: text(),
});
export type ContainerPort = TypeOf<typeof ContainerPortSchema>;

/** Amounts by resource name (`cpu`, `memory`, …). */
export const ResourceListSchema = map(quantity());
export type ResourceList = TypeOf<typeof ResourceListSchema>;

export const ResourceRequirementsSchema = object({
  limits: ResourceListSchema,
  requests: ResourceListSchema,
  claims: listByKey(object({ name: text().required(), request: text() }), 'name'),
});
export type ResourceRequirements = TypeOf<typeof ResourceRequirementsSchema>;

export const VolumeMountSchema = object({
  name: text().required(),
  readOnly: flag(),
  recursiveReadOnly: text(),
  mountPath: text().required(),
  subPath: text(),
  mountPropagation: text(),
  subPathExpr: text(),
});
export type VolumeMount = TypeOf<typeof VolumeMountSchema>;

const ContainerFields = {
  name: text().required().doc('Name of the container; unique in the Pod, and a DNS label.'),
  image: text().doc('Container image name.'),
  command: list(text()).doc('Entrypoint; the image’s own where absent.'),
  args: list(text()).doc('Arguments to the entrypoint; the image’s own where absent.'),
  workingDir: text(),
  ports: listByKey(ContainerPortSchema, 'containerPort', 'protocol'),
  envFrom: EnvFromSchema,
  env: EnvSchema,
  resources: ResourceRequirementsSchema,
  resizePolicy: list(object({ resourceName: text().required(), restartPolicy: text().required() })),
  restartPolicy: text(),
  volumeMounts: listByKey(VolumeMountSchema, 'mountPath'),
  volumeDevices: listByKey(object({ name: text().required(), devicePath: text().required() }), 'devicePath'),
  livenessProbe: ProbeSchema,
  readinessProbe: ProbeSchema,
  startupProbe: ProbeSchema,
  lifecycle: LifecycleSchema,
  terminationMessagePath: text(),
  terminationMessagePolicy: text(),
  imagePullPolicy: text(),
  securityContext: SecurityContextSchema,
  stdin: flag(),
  stdinOnce: flag(),
  tty: flag(),
};

export const ContainerSchema = object(ContainerFields);
export type Container = TypeOf<typeof ContainerSchema>;

/** A container put into a Pod that already runs. */
export const EphemeralContainerSchema = object({ ...ContainerFields, targetContainerName: text() });
export type EphemeralContainer = TypeOf<typeof EphemeralContainerSchema>;
