// The Revision that a Configuration stamps for its present generation.

import { rfc3339 } from '#base/mod.ts';
import { childName } from '#machinery/mod.ts';
import type { Configuration } from '#kinds/mod.ts';
import {
  CONFIGURATION_GENERATION_LABEL,
  CONFIGURATION_LABEL,
  CONFIGURATION_UID_LABEL,
  CREATOR_ANNOTATION,
  LAST_MODIFIER_ANNOTATION,
  ROUTES_ANNOTATION,
  ROUTING_STATE_LABEL,
  ROUTING_STATE_MODIFIED_ANNOTATION,
  Revision,
  SERVICE_LABEL,
  SERVICE_UID_LABEL,
} from '#kinds/mod.ts';

/** `now` in milliseconds stamps when the Revision took its routing state. */
export function revisionOf(configuration: Configuration, now: number): Revision {
  const { metadata, spec } = configuration;
  const template = spec.template;
  const given = template?.metadata ?? {};
  const routes = metadata.annotations?.[ROUTES_ANNOTATION];
  const creator = metadata.annotations?.[LAST_MODIFIER_ANNOTATION];
  return {
    apiVersion: Revision.apiVersion,
    kind: Revision.kind,
    metadata: {
      name: revisionName(configuration),
      namespace: metadata.namespace,
      labels: {
        ...given.labels,
        [CONFIGURATION_LABEL]: metadata.name,
        [CONFIGURATION_GENERATION_LABEL]: String(metadata.generation ?? 0),
        [CONFIGURATION_UID_LABEL]: metadata.uid ?? '',
        [SERVICE_LABEL]: metadata.labels?.[SERVICE_LABEL] ?? '',
        [SERVICE_UID_LABEL]: metadata.labels?.[SERVICE_UID_LABEL] ?? '',
        [ROUTING_STATE_LABEL]: routes ? 'active' : 'pending',
      },
      annotations: {
        ...given.annotations,
        ...(creator ? { [CREATOR_ANNOTATION]: creator } : {}),
        ...(routes ? { [ROUTES_ANNOTATION]: routes } : {}),
        [ROUTING_STATE_MODIFIED_ANNOTATION]: rfc3339(now),
      },
    },
    spec: template?.spec ?? { containers: [] },
  };
}

/** The user's own name, else the Configuration's with its generation in five digits. */
export function revisionName({ metadata, spec }: Configuration): string {
  const generation = String(metadata.generation ?? 0).padStart(5, '0');
  return spec.template?.metadata?.name ?? childName(metadata.name, `-${generation}`);
}
