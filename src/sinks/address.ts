// The address of a sink that has a host of its own: a Service of its namespace that leads to the platform's.

import type { Turn } from '#engine/mod.ts';
import { systemHost, tellAddress } from '#eventing/mod.ts';
import type { Address } from '#kinds/mod.ts';
import { CLUSTER_DOMAIN, CoreService, eventingFeaturesConfig } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';

type Addressed = KubeObject & {
  status?: { address?: Address | undefined; addresses?: Address[] | undefined } | undefined;
};

export interface SinkHost {
  /** Of the Service, which is the first label of the host. */
  readonly name: string;
  /** The platform's Service that stands behind all sinks of the kind. */
  readonly leadsTo: string;
  /** What the condition says where somebody else's Service has the name. */
  readonly taken: string;
  /** The platform's own authority, by which it is trusted. */
  readonly ownCa: string | undefined;
}

/** Makes the Service, and says where the sink is. */
export async function settleHost<O extends Addressed>(turn: Turn<O>, host: SinkHost): Promise<void> {
  const { object, mark } = turn;
  const status = turn.status as NonNullable<Addressed['status']>;
  const { namespace = '' } = object.metadata;
  const { outcome } = await turn.apply(CoreService, {
    apiVersion: CoreService.apiVersion,
    kind: CoreService.kind,
    metadata: { name: host.name, namespace },
    spec: { type: 'ExternalName', externalName: systemHost(host.leadsTo), sessionAffinity: 'None' },
  });
  if (outcome === 'taken') return mark.false('Addressable', 'NotOwned', host.taken);
  const name = `${host.name}.${namespace}.svc.${CLUSTER_DOMAIN}`;
  tellAddress(status, object, turn.config(eventingFeaturesConfig), {
    plain: `http://${name}`,
    secure: `https://${name}`,
    caCerts: () => host.ownCa,
  });
  if (status.address) status.addresses ??= [status.address];
  mark.true('Addressable');
}
