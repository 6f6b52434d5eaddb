// Admission of links across namespaces: whoever hangs a Trigger on another namespace's Broker, or a Subscription on its channel, must be
// allowed to subscribe there (`knsubscribe`).

import type { EventingFeatures, KReference } from '#kinds/mod.ts';
import { EVENTING_WEBHOOK, Subscription, Trigger } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { deniedByWebhook, splitApiVersion } from '#machinery/mod.ts';
import type { AdmissionPlugin } from '#objects/mod.ts';
import type { Authorizer } from '../authz/attributes.ts';
import { asks } from '../authz/attributes.ts';

const VERB = 'knsubscribe';

/** Refuses links of users who may not subscribe where they lead. `features` are those in force. */
export function linkAdmission(
  authorizer: Pick<Authorizer, 'authorize'>,
  features: () => Pick<EventingFeatures, 'isEnabled'>,
): AdmissionPlugin {
  return {
    validate({ kind, operation, subresource, object, namespace: own, user }) {
      if (operation === 'DELETE' || subresource || !object) return;
      const reference = referenceOf(kind.resource, object);
      if (!reference?.namespace || reference.namespace === own) return;
      if (!features().isEnabled('cross-namespace-event-links')) return;
      const { kind: named = '', namespace, name = '', apiVersion = '', group } = reference;
      const resource = `${named.toLowerCase()}s`;
      const on = { group: group || splitApiVersion(apiVersion).group, resource, namespace, name };
      if (authorizer.authorize(asks(user, VERB, on)).allowed) return;
      const why = `user ${user.name} is not authorized to get target resource in namespace: ${namespace}`;
      throw deniedByWebhook(EVENTING_WEBHOOK, `validation failed: ${why}: spec.${named}Namespace`);
    },
  };
}

/** What the object hangs on; undefined for kinds that hang on nothing. */
function referenceOf(resource: string, object: KubeObject): KReference | undefined {
  if (resource === Trigger.resource) return (object as Trigger).spec.brokerRef;
  return resource === Subscription.resource ? (object as Subscription).spec.channel : undefined;
}
