// The token that the subjects of a SinkBinding show its sink, where the sink asks who they are: a Secret that is renewed in time.

import type { Turn } from '#engine/mod.ts';
import type { SinkBinding } from '#kinds/mod.ts';
import { Secret } from '#kinds/mod.ts';
import { childName } from '#machinery/mod.ts';

/** A token of a ServiceAccount ("namespace/name") for an audience; it holds for an hour. */
export type GiveToken = (identity: string, audience: string) => Promise<string>;

const RENEW_MS = 30 * 60_000;
const ISSUED = 'ebb.dev/token-issued';
const AUDIENCE = 'ebb.dev/token-audience';
const CONDITION = 'OIDCTokenSecretCreated';

/** `identity` is the ServiceAccount of the binding, if it has one; `audience` what the sink says that it is. */
export async function settleToken(
  turn: Turn<SinkBinding>,
  identity: string | undefined,
  audience: string | undefined,
  giveToken: GiveToken,
): Promise<void> {
  const { status, mark } = turn;
  if (!identity || !audience) {
    delete status.oidcTokenSecretName;
    const reason = identity ? 'Sink has no audience defined' : 'authentication-oidc feature disabled';
    mark.trueWith(CONDITION, reason, '');
    return turn.prune(Secret, []);
  }
  const name = childName(turn.object.metadata.name, '-oidc-token');
  const { namespace = '' } = turn.object.metadata;
  const left = lifeLeft(turn.get(Secret, namespace, name), audience, turn.now);
  if (left <= 0) {
    const token = await giveToken(`${namespace}/${identity}`, audience);
    const claim = await turn.apply(Secret, secretOf({ namespace, name, token, audience, now: turn.now }));
    if (claim.outcome === 'taken') {
      mark.false(CONDITION, 'NotOwned', `Secret ${JSON.stringify(name)} is not owned by this binding`);
      return;
    }
  }
  turn.again(left > 0 ? left : RENEW_MS);
  status.oidcTokenSecretName = name;
  mark.true(CONDITION);
}

/** Milliseconds until a Secret is to be renewed. */
function lifeLeft(secret: Secret | undefined, audience: string, now: number): number {
  const { annotations } = secret?.metadata ?? {};
  if (annotations?.[AUDIENCE] !== audience) return 0;
  const issued = Date.parse(annotations[ISSUED] ?? '');
  // What was issued in the future was issued before the clock was set back, and is not valid yet.
  return Number.isNaN(issued) || issued > now ? 0 : issued + RENEW_MS - now;
}

interface SecretParts {
  readonly namespace: string;
  readonly name: string;
  readonly token: string;
  readonly audience: string;
  readonly now: number;
}

function secretOf({ namespace, name, token, audience, now }: SecretParts): Secret {
  return {
    apiVersion: Secret.apiVersion,
    kind: Secret.kind,
    metadata: { name, namespace, annotations: { [AUDIENCE]: audience, [ISSUED]: new Date(now).toISOString() } },
    type: 'Opaque',
    data: { token: btoa(token) },
  };
}
