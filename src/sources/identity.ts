// As whom a source sends: where OIDC is on, a ServiceAccount of its own.

import type { Turn } from '#engine/mod.ts';
import type { Auth } from '#kinds/mod.ts';
import { eventingFeaturesConfig, ServiceAccount } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { childName, splitApiVersion } from '#machinery/mod.ts';

const OIDC_LABEL = 'eventing.knative.dev/oidc';

type WithAuth = KubeObject & { status?: { auth?: Auth | undefined } | undefined };

/** The name of an object's own ServiceAccount. */
export function identityName({ apiVersion, kind, metadata }: KubeObject): string {
  return childName(metadata.name, `-oidc-${splitApiVersion(apiVersion).group}-${kind}`).toLowerCase();
}

/** Gives the source its ServiceAccount, or says that none is asked for. The name is that of the account, if there is one. */
export async function settleIdentity<O extends WithAuth>(turn: Turn<O>): Promise<string | undefined> {
  const { object, mark } = turn;
  const status = turn.status as { auth?: Auth | undefined };
  if (!turn.config(eventingFeaturesConfig).isEnabled('authentication-oidc')) {
    delete status.auth;
    mark.trueWith('OIDCIdentityCreated', 'authentication-oidc feature disabled', '');
    return undefined;
  }
  const name = identityName(object);
  const claim = await turn.claim(ServiceAccount, {
    apiVersion: ServiceAccount.apiVersion,
    kind: ServiceAccount.kind,
    metadata: {
      name,
      namespace: object.metadata.namespace ?? '',
      labels: { [OIDC_LABEL]: 'enabled' },
      annotations: {
        description: `Service Account for OIDC Authentication for ${object.kind} ${object.metadata.name}`,
      },
    },
  });
  if (claim.outcome === 'taken') {
    const why = `Unable to resolve service account for OIDC authentication: service account ${name} is not owned by this object`;
    mark.false('OIDCIdentityCreated', 'Unable to resolve service account for OIDC authentication', why);
    return undefined;
  }
  status.auth = { serviceAccountName: name };
  mark.true('OIDCIdentityCreated');
  return name;
}
