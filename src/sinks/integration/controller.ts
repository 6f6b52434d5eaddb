// IntegrationSinks: those that log are carried out by the platform itself; what is Amazon's is refused in words.

import type { Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import {
  CLUSTER_DOMAIN,
  CoreService,
  EVENTING_NAMESPACE,
  eventingFeaturesConfig,
  IntegrationSink,
} from '#kinds/mod.ts';
import { childName } from '#machinery/mod.ts';
import { settlePolicies } from '../policies.ts';

/** The Service that stands behind all IntegrationSinks. */
export const INTEGRATION_SINK_SERVICE = 'integration-sink';

const NOT_HERE = 'only log can be carried out here; aws needs a service and credentials outside of this platform';

export const integrationSinkController = defineController<IntegrationSink>({
  name: 'integration-sink-controller',
  of: IntegrationSink,
  owns: [CoreService],
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
    await settleAddress(turn);
  },
});

/** The name of the Service of a sink, which is the first label of its host. */
export function sinkServiceName({ metadata: { name } }: IntegrationSink): string {
  return childName(name, '-deployment');
}

async function settleAddress(turn: Turn<IntegrationSink>): Promise<void> {
  const { object, status, mark } = turn;
  const { namespace = '' } = object.metadata;
  const name = sinkServiceName(object);
  const { outcome } = await turn.apply(CoreService, {
    apiVersion: CoreService.apiVersion,
    kind: CoreService.kind,
    metadata: { name, namespace },
    spec: {
      type: 'ExternalName',
      externalName: `${INTEGRATION_SINK_SERVICE}.${EVENTING_NAMESPACE}.svc.${CLUSTER_DOMAIN}`,
      sessionAffinity: 'None',
    },
  });
  if (outcome === 'taken') {
    mark.false('Addressable', 'NotOwned', `Service ${JSON.stringify(name)} is not owned by this sink`);
    return;
  }
  const address = { name: 'http', url: `http://${name}.${namespace}.svc.${CLUSTER_DOMAIN}` };
  status.address = address;
  status.addresses = [address];
  mark.true('Addressable');
}
