// The ServiceAccount as which an object sends events, where senders must say who they are.

import type { Auth } from '#kinds/mod.ts';
import { eventingFeaturesConfig, OIDC_LABEL, ServiceAccount } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { childName, splitApiVersion } from '#machinery/mod.ts';
import type { Turn } from './controller.ts';

/** The name of that ServiceAccount. */
export function identityName({ apiVersion, kind, metadata }: KubeObject): string {
  return childName(metadata.name, `-oidc-${splitApiVersion(apiVersion).group}-${kind}`).toLowerCase();
}

export type Identity = { readonly name: string | undefined } | { readonly fault: string };

/** Makes the identity and tells it in the status; without a name where none is asked for, with a fault where that is somebody else's. */
export async function claimIdentity<O extends KubeObject>(turn: Turn<O>): Promise<Identity> {
  const { object } = turn;
  const status = turn.status as { auth?: Auth | undefined };
  if (!turn.config(eventingFeaturesConfig).isEnabled('authentication-oidc')) {
    delete status.auth;
    await turn.prune(ServiceAccount, []);
    return { name: undefined };
  }
  const name = identityName(object);
  const { outcome } = await turn.claim(ServiceAccount, accountOf(object, name));
  if (outcome === 'taken')
    return { fault: `service account ${name} not owned by ${object.kind} ${object.metadata.name}` };
  status.auth = { serviceAccountName: name };
  return { name };
}

function accountOf({ kind, metadata }: KubeObject, name: string): ServiceAccount {
  return {
    apiVersion: ServiceAccount.apiVersion,
    kind: ServiceAccount.kind,
    metadata: {
      name,
      namespace: metadata.namespace ?? '',
      labels: { [OIDC_LABEL]: 'enabled' },
      annotations: {
        description: `Service Account for OIDC Authentication for ${kind} ${JSON.stringify(metadata.name)}`,
      },
    },
  };
}

const CONDITION = 'OIDCIdentityCreated';

/** The same with a condition that says so. Undefined where none is asked for, false where the name is somebody else's. */
export async function settleIdentity<O extends KubeObject>(turn: Turn<O>): Promise<string | undefined | false> {
  const { mark } = turn;
  const identity = await claimIdentity(turn);
  if ('fault' in identity) {
    mark.false(CONDITION, 'Unable to resolve service account for OIDC authentication', identity.fault);
    return false;
  }
  if (identity.name === undefined) mark.trueWith(CONDITION, 'authentication-oidc feature disabled', '');
  else mark.true(CONDITION);
  return identity.name;
}
