// What a Service makes: a Configuration and a Route of its own name.

import type { Service } from '#kinds/mod.ts';
import {
  Configuration,
  LAST_APPLIED_ANNOTATION,
  ROLLOUT_DURATION_KEYS,
  ROUTES_ANNOTATION,
  Route,
  SERVICE_LABEL,
  SERVICE_UID_LABEL,
} from '#kinds/mod.ts';
import { listOf, without } from '../metadata.ts';

/** The Configuration that a Service wants; routes that others noted on the existing one stay noted. */
export function configurationOf(service: Service, existing: Configuration | undefined): Configuration {
  const { name, namespace, uid = '' } = service.metadata;
  const routes = new Set([...listOf(existing?.metadata.annotations?.[ROUTES_ANNOTATION]), name]);
  return {
    apiVersion: Configuration.apiVersion,
    kind: Configuration.kind,
    metadata: {
      name,
      namespace,
      labels: { ...service.metadata.labels, [SERVICE_LABEL]: name, [SERVICE_UID_LABEL]: uid },
      annotations: {
        ...without(service.metadata.annotations, [LAST_APPLIED_ANNOTATION, ...ROLLOUT_DURATION_KEYS]),
        [ROUTES_ANNOTATION]: [...routes].sort().join(','),
      },
    },
    spec: { template: service.spec.template },
  };
}

/** The Route that a Service wants: what names no Revision follows the Configuration. */
export function routeOf(service: Service): Route {
  const { name, namespace } = service.metadata;
  return {
    apiVersion: Route.apiVersion,
    kind: Route.kind,
    metadata: {
      name,
      namespace,
      labels: { ...service.metadata.labels, [SERVICE_LABEL]: name },
      annotations: without(service.metadata.annotations, [LAST_APPLIED_ANNOTATION]),
    },
    spec: {
      traffic: (service.spec.traffic ?? []).map((target) =>
        target.revisionName ? target : { ...target, configurationName: name },
      ),
    },
  };
}
