// IntegrationSinks: those that log are carried out by the platform itself; what is Amazon's is refused in words.

import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { settlePolicies, tellAddress, watchPolicies } from '#eventing/mod.ts';
import {
  CLUSTER_DOMAIN,
  CoreService,
  EVENTING_NAMESPACE,
  eventingFeaturesConfig,
  IntegrationSink,
} from '#kinds/mod.ts';
import { childName } from '#machinery/mod.ts';

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
      await settleAddress(turn, ownCa);
    },
  });
}

/** The name of the Service of a sink, which is the first label of its host. */
export function sinkServiceName({ metadata: { name } }: IntegrationSink): string {
  return childName(name, '-deployment');
}

async function settleAddress(turn: Turn<IntegrationSink>, ownCa: string | undefined): Promise<void> {
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
  const host = `${name}.${namespace}.svc.${CLUSTER_DOMAIN}`;
  tellAddress(status, object, turn.config(eventingFeaturesConfig), {
    plain: `http://${host}`,
    secure: `https://${host}`,
    caCerts: () => ownCa,
  });
  if (status.address) status.addresses ??= [status.address];
  mark.true('Addressable');
}
