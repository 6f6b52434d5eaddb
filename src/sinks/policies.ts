// What a sink says of event policies: without OIDC none of them holds.

import type { Turn } from '#engine/mod.ts';
import { eventingFeaturesConfig } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';

const CONDITION = 'EventPoliciesReady';
const DISABLED = 'Feature "authentication-oidc" must be enabled to support Authorization';
const NOT_HELD = 'who may send to this sink cannot be restricted by event policies';

/** Says whether policies hold. Where they should, and do not, the sink is not ready rather than open. */
export function settlePolicies<O extends KubeObject>(turn: Turn<O>): void {
  const { mark } = turn;
  if (turn.config(eventingFeaturesConfig).isEnabled('authentication-oidc'))
    mark.false(CONDITION, 'EventPoliciesNotSupported', NOT_HELD);
  else mark.trueWith(CONDITION, 'OIDCDisabled', DISABLED);
}
