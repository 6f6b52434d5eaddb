// IntegrationSinks: those that log are carried out by the platform itself; what is Amazon's is refused in words.

import type { ControllerDefinition } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { settlePolicies, watchPolicies } from '#eventing/mod.ts';
import { CoreService, eventingFeaturesConfig, IntegrationSink } from '#kinds/mod.ts';
import { childName } from '#machinery/mod.ts';
import { settleHost } from '../address.ts';

/** The Service that stands behind all IntegrationSinks. */
export const INTEGRATION_SINK_SERVICE = 'integration-sink';

const NOT_HERE = 'only log can be carried out here; aws needs a service and credentials outside of this platform';

/** `ownCa` is the platform's own authority, by which the sinks are trusted. */
export function integrationSinkController(ownCa?: string): ControllerDefinition<IntegrationSink> {
  return defineController<IntegrationSink>({
    name: 'integration-sink-controller',
    of: IntegrationSink,
    owns: [CoreService],
    watches: [watchPolicies(IntegrationSink)],
    configs: [eventingFeaturesConfig],
    async reconcile(turn) {
      const { object, mark } = turn;
      settlePolicies(turn);
      mark.true('TrustBundlePropagated');
      if (!object.spec.log) {
        mark.false('DeploymentReady', 'NotSupported', NOT_HERE);
        return mark.false('Addressable', 'NotSupported', NOT_HERE);
      }
      mark.true('DeploymentReady');
      const name = sinkServiceName(object);
      const taken = `Service ${JSON.stringify(name)} is not owned by this sink`;
      await settleHost(turn, { name, leadsTo: INTEGRATION_SINK_SERVICE, taken, ownCa });
    },
  });
}

/** The name of the Service of a sink, which is the first label of its host. */
export function sinkServiceName({ metadata: { name } }: IntegrationSink): string {
  return childName(name, '-deployment');
}
