// The ServiceAccount as which an object sends events, where senders must say who they are.

import type { Turn } from '#engine/mod.ts';
import { eventingFeaturesConfig, OIDC_LABEL, ServiceAccount } from '#kinds/mod.ts';
import type { Auth } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { childName, splitApiVersion } from '#machinery/mod.ts';

const CONDITION = 'OIDCIdentityCreated';

/** The name of that ServiceAccount. */
export function identityName({ apiVersion, kind, metadata }: KubeObject): string {
  return childName(metadata.name, `-oidc-${splitApiVersion(apiVersion).group}-${kind}`).toLowerCase();
}

/** Makes the identity and tells it in the status, or says that none is needed. False where the name is somebody else's. */
export async function settleIdentity<O extends KubeObject>(turn: Turn<O>): Promise<boolean> {
  const { object, mark } = turn;
  const status = turn.status as { auth?: Auth | undefined };
  if (!turn.config(eventingFeaturesConfig).isEnabled('authentication-oidc')) {
    delete status.auth;
    await turn.prune(ServiceAccount, []);
    mark.trueWith(CONDITION, 'authentication-oidc feature disabled', '');
    return true;
  }
  const name = identityName(object);
  const { outcome } = await turn.claim(ServiceAccount, {
    apiVersion: ServiceAccount.apiVersion,
    kind: ServiceAccount.kind,
    metadata: {
      name,
      namespace: object.metadata.namespace ?? '',
      labels: { [OIDC_LABEL]: 'enabled' },
      annotations: {
        description: `Service Account for OIDC Authentication for ${object.kind} ${JSON.stringify(object.metadata.name)}`,
      },
    },
  });
  if (outcome === 'taken') {
    const why = `service account ${name} not owned by ${object.kind} ${object.metadata.name}`;
    mark.false(CONDITION, 'Unable to resolve service account for OIDC authentication', why);
    return false;
  }
  status.auth = { serviceAccountName: name };
  mark.true(CONDITION);
  return true;
}
