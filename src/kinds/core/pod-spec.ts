// What a Pod should be, and the template other kinds stamp Pods from.

import type { TypeOf } from '#machinery/mod.ts';
import type { JsonObject } from '#base/mod.ts';
import { any, flag, int32, int64, list, listByKey, map, object, text } from '#machinery/mod.ts';
import {
  ContainerSchema,
  EphemeralContainerSchema,
  ResourceListSchema,
  ResourceRequirementsSchema,
} from './container.ts';
import { LabelSelectorSchema, PodTemplateMetaSchema } from './references.ts';
import { PodSecurityContextSchema } from './security-context.ts';
import { VolumesSchema } from './volume.ts';

export const TolerationSchema = object({
  key: text(),
  operator: text(),
  value: text(),
  effect: text(),
  tolerationSeconds: int64(),
});
export type Toleration = TypeOf<typeof TolerationSchema>;

const TopologySpreadConstraintSchema = object({
  maxSkew: int32().required(),
  topologyKey: text().required(),
  whenUnsatisfiable: text().required(),
  labelSelector: LabelSelectorSchema,
  minDomains: int32(),
  nodeAffinityPolicy: text(),
  nodeTaintsPolicy: text(),
  matchLabelKeys: list(text()),
});

export const PodSpecSchema = object({
  volumes: VolumesSchema,
  initContainers: listByKey(ContainerSchema, 'name'),
  containers: listByKey(ContainerSchema, 'name').required(),
  ephemeralContainers: listByKey(EphemeralContainerSchema, 'name'),
  restartPolicy: text(),
  terminationGracePeriodSeconds: int64(),
  activeDeadlineSeconds: int64(),
  dnsPolicy: text(),
  nodeSelector: map(text()).with({ atomic: true }),
  serviceAccountName: text(),
  serviceAccount: text(),
  automountServiceAccountToken: flag(),
  nodeName: text(),
  hostNetwork: flag(),
  hostPID: flag(),
  hostIPC: flag(),
  hostUsers: flag(),
  shareProcessNamespace: flag(),
  securityContext: PodSecurityContextSchema,
  imagePullSecrets: listByKey(object({ name: text().default('') }).with({ atomic: true }), 'name'),
  hostname: text(),
  subdomain: text(),
  hostnameOverride: text(),
  affinity: any<JsonObject>(),
  schedulerName: text(),
  tolerations: list(TolerationSchema),
  hostAliases: listByKey(object({ ip: text().required(), hostnames: list(text()) }), 'ip'),
  priorityClassName: text(),
  priority: int32(),
  dnsConfig: object({
    nameservers: list(text()),
    searches: list(text()),
    options: list(object({ name: text(), value: text() })),
  }),
  readinessGates: list(object({ conditionType: text().required() })),
  runtimeClassName: text(),
  enableServiceLinks: flag(),
  preemptionPolicy: text(),
  overhead: ResourceListSchema,
  topologySpreadConstraints: listByKey(TopologySpreadConstraintSchema, 'topologyKey', 'whenUnsatisfiable'),
  setHostnameAsFQDN: flag(),
  os: object({ name: text().required() }),
  schedulingGates: listByKey(object({ name: text().required() }), 'name'),
  resourceClaims: listByKey(
    object({ name: text().required(), resourceClaimName: text(), resourceClaimTemplateName: text() }),
    'name',
  ),
  resources: ResourceRequirementsSchema,
});
export type PodSpec = TypeOf<typeof PodSpecSchema>;

export const PodTemplateSpecSchema = object({ metadata: PodTemplateMetaSchema, spec: PodSpecSchema.required() });
/** metadata and spec of Pods to come. */
export type PodTemplateSpec = TypeOf<typeof PodTemplateSpecSchema>;
