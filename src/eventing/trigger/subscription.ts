// The Subscription by which a Trigger hangs on its Broker's channel.

import type { Broker, Delivery, EventingFeatures, KReference, Trigger } from '#kinds/mod.ts';
import {
  BROKER_LABEL,
  Broker as BrokerKind,
  CHANNEL_API_VERSION_ANNOTATION,
  CHANNEL_KIND_ANNOTATION,
  CHANNEL_NAME_ANNOTATION,
  Subscription,
  TRIGGER_LABEL,
} from '#kinds/mod.ts';
import { childName } from '#machinery/mod.ts';
import { filterUrl } from '../names.ts';

/** The Broker that a Trigger names. */
export function brokerOf({ metadata, spec }: Trigger, features: EventingFeatures): { namespace: string; name: string } {
  const { namespace = '' } = metadata;
  const isLinked = features.isEnabled('cross-namespace-event-links');
  if (spec.brokerRef && isLinked)
    return { namespace: spec.brokerRef.namespace || namespace, name: spec.brokerRef.name ?? '' };
  return { namespace, name: spec.broker || (spec.brokerRef?.name ?? '') };
}

/** The channel behind a Broker, as its status tells it; undefined where it does not yet. */
export function channelRef({ status }: Broker): KReference | undefined {
  const annotations = status?.annotations ?? {};
  const apiVersion = annotations[CHANNEL_API_VERSION_ANNOTATION];
  const kind = annotations[CHANNEL_KIND_ANNOTATION];
  const name = annotations[CHANNEL_NAME_ANNOTATION];
  return apiVersion && kind && name ? { apiVersion, kind, name } : undefined;
}

export function subscriptionOf(
  trigger: Trigger,
  broker: Broker,
  channel: KReference,
  features: EventingFeatures,
): Subscription {
  const { name, namespace = '', uid = '' } = trigger.metadata;
  const isElsewhere = broker.metadata.namespace !== namespace;
  const scheme = features.encryption === 'disabled' ? 'http' : 'https';
  const delivery: Delivery | undefined = trigger.spec.delivery ?? broker.spec.delivery;
  return {
    apiVersion: Subscription.apiVersion,
    kind: Subscription.kind,
    metadata: {
      name: childName(`${broker.metadata.name}-${name}-`, uid),
      namespace,
      labels: { [BROKER_LABEL]: broker.metadata.name, [TRIGGER_LABEL]: name },
    },
    spec: {
      channel: { ...channel, ...(isElsewhere ? { namespace: broker.metadata.namespace } : {}) },
      subscriber: { uri: filterUrl(scheme, trigger) },
      reply: {
        ref: {
          apiVersion: BrokerKind.apiVersion,
          kind: BrokerKind.kind,
          name: broker.metadata.name,
          namespace: broker.metadata.namespace,
        },
      },
      ...(delivery ? { delivery } : {}),
    },
  };
}
