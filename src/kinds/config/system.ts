// All config maps of knative-serving and knative-eventing: as they are first made, and the check of an edit.

import type { ConfigMap } from '../core/config-map.ts';
import { autoscalerConfig } from './autoscaler.ts';
import { brokerDefaultsConfig } from './broker-defaults.ts';
import { certmanagerConfig } from './certmanager.ts';
import { brokerChannelConfig, channelDefaultsConfig } from './channel-templates.ts';
import { defaultsConfig } from './defaults.ts';
import type { ConfigMapDefinition } from './define.ts';
import { checkAgainst, configMapOf } from './define.ts';
import { deploymentConfig } from './deployment.ts';
import { domainConfig } from './domain.ts';
import { certificateConfig } from './ebb-certificate.ts';
import { eventingFeaturesConfig } from './eventing-features.ts';
import { featuresConfig } from './features.ts';
import { gcConfig } from './gc.ts';
import { kreferenceMappingConfig } from './kreference-mapping.ts';
import { eventingLeaderElectionConfig, leaderElectionConfig } from './leader-election.ts';
import { eventingLoggingConfig, loggingConfig } from './logging.ts';
import { networkConfig } from './network.ts';
import { eventingObservabilityConfig, observabilityConfig } from './observability.ts';
import { pingDefaultsConfig } from './ping-defaults.ts';
import { sugarConfig } from './sugar.ts';
import { eventingTracingConfig, tracingConfig } from './tracing.ts';

/** The definitions of Serving, by the names of their config maps. */
export const servingConfigs: readonly ConfigMapDefinition<unknown>[] = [
  autoscalerConfig,
  certmanagerConfig,
  defaultsConfig,
  deploymentConfig,
  domainConfig,
  certificateConfig,
  featuresConfig,
  gcConfig,
  leaderElectionConfig,
  loggingConfig,
  networkConfig,
  observabilityConfig,
  tracingConfig,
];

/** The definitions of Eventing, by the names of their config maps. */
export const eventingConfigs: readonly ConfigMapDefinition<unknown>[] = [
  brokerDefaultsConfig,
  brokerChannelConfig,
  channelDefaultsConfig,
  eventingFeaturesConfig,
  kreferenceMappingConfig,
  eventingLeaderElectionConfig,
  eventingLoggingConfig,
  eventingObservabilityConfig,
  pingDefaultsConfig,
  sugarConfig,
  eventingTracingConfig,
];

/** Every config map of Knative's as this platform first makes it. */
export function systemConfigMaps(): ConfigMap[] {
  return [...servingConfigs, ...eventingConfigs].map(configMapOf);
}

/**
 * What is wrong with a config map of the platform, in the words of Knative's config webhook (without
 * `validation failed: `). Undefined where nothing is, or where the map is none of the platform's.
 */
export function checkConfigMap(configMap: ConfigMap): string | undefined {
  const { name, namespace } = configMap.metadata;
  const definition = [...servingConfigs, ...eventingConfigs].find(
    (one) => one.name === name && one.namespace === namespace,
  );
  return definition && checkAgainst(definition, configMap);
}
