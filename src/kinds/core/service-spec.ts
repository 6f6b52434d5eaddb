// What a core Service should be.

import type { TypeOf } from '#machinery/mod.ts';
import { flag, int32, intOrString, list, listByKey, map, object, text } from '#machinery/mod.ts';

export const ServicePortSchema = object({
  name: text(),
  protocol: text().default('TCP'),
  appProtocol: text(),
  port: int32().required(),
  targetPort: intOrString(),
  nodePort: int32(),
});
export type ServicePort = TypeOf<typeof ServicePortSchema>;

export const CoreServiceSpecSchema = object({
  ports: listByKey(ServicePortSchema, 'port', 'protocol'),
  selector: map(text()).with({ atomic: true }),
  clusterIP: text(),
  clusterIPs: list(text()),
  type: text(),
  externalIPs: list(text()),
  sessionAffinity: text(),
  loadBalancerIP: text(),
  loadBalancerSourceRanges: list(text()),
  externalName: text(),
  externalTrafficPolicy: text(),
  healthCheckNodePort: int32(),
  publishNotReadyAddresses: flag(),
  sessionAffinityConfig: object({ clientIP: object({ timeoutSeconds: int32() }) }),
  ipFamilies: list(text()),
  ipFamilyPolicy: text(),
  allocateLoadBalancerNodePorts: flag(),
  loadBalancerClass: text(),
  internalTrafficPolicy: text(),
  trafficDistribution: text(),
});
export type CoreServiceSpec = TypeOf<typeof CoreServiceSpecSchema>;
