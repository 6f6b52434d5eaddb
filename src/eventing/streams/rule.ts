// From an InMemoryChannel, and the Broker and Triggers that it stands behind, to the stream of the data plane.

import { parsePeriod } from '#base/mod.ts';
import type { Consumer, Destination, StreamAddress, StreamRule } from '#events/mod.ts';
import type {
  Broker,
  Channel,
  EventingFeatures,
  EventPolicy,
  InMemoryChannel,
  RequestReply,
  Subscriber,
  Subscription,
  Trigger,
} from '#kinds/mod.ts';
import { BROKER_INGRESS, CHANNEL_DISPATCHER, EVENTING_NAMESPACE, plainDelivery, REQUEST_REPLY } from '#kinds/mod.ts';
import { brokerUrl, channelServiceName, spellingsOf, triggerOf } from '../names.ts';
import { accessOf } from '../policies.ts';
import { triggerFilters } from './filters.ts';
import { consumerSettings, streamSettings } from './settings.ts';

/** What a stream is made of. */
export interface StreamFacts {
  readonly channel: InMemoryChannel;
  /** The Broker that the channel stands behind. */
  readonly broker?: Broker | undefined;
  /** The Channel that it stands behind. */
  readonly front?: Channel | undefined;
  /** Those that ask that Broker. */
  readonly requestReplies: readonly RequestReply[];
  readonly features: EventingFeatures;
  /** All of the namespace. */
  readonly policies: readonly EventPolicy[];
  trigger(namespace: string, name: string): Trigger | undefined;
  subscription(uid: string): Subscription | undefined;
}

/** The key of a stream: another channel of the same name is another stream. */
export const streamKey = ({ metadata }: InMemoryChannel): string =>
  `${metadata.namespace}/${metadata.name}/${metadata.uid}`;

export function streamRule(facts: StreamFacts): StreamRule {
  const { channel, front, broker } = facts;
  const consumers = (channel.spec.subscribers ?? []).flatMap((subscriber) =>
    subscriber.uid ? [[subscriber.uid, consumerOf(subscriber, facts)] as const] : [],
  );
  return {
    ...streamSettings({
      ...channel.metadata.annotations,
      ...front?.metadata.annotations,
      ...broker?.metadata.annotations,
    }),
    addresses: [
      ...(broker ? brokerAddresses(broker, facts) : []),
      ...facts.requestReplies.map((one) => requestAddress(one, facts)),
      ...channelAddresses(facts),
    ],
    consumers: Object.fromEntries(consumers),
  };
}

function brokerAddresses(broker: Broker, { features, policies }: StreamFacts): StreamAddress[] {
  const { namespace = '', name } = broker.metadata;
  const access = accessOf(broker, features, policies);
  return [
    {
      hosts: spellingsOf(BROKER_INGRESS, EVENTING_NAMESPACE),
      path: `/${namespace}/${name}`,
      kind: 'broker',
      namespace,
      name,
      schemes: schemesOf(features),
      ...(access ? { access } : {}),
      ...tellsTypes(features),
    },
  ];
}

/** Where a request is taken that is answered with its reply. */
export function requestAddress(
  requestReply: RequestReply,
  { features, policies }: Pick<StreamFacts, 'features' | 'policies'>,
): StreamAddress {
  const { metadata, spec } = requestReply;
  const { namespace = '', name } = metadata;
  const access = accessOf(requestReply, features, policies);
  return {
    hosts: spellingsOf(REQUEST_REPLY, EVENTING_NAMESPACE),
    path: `/${namespace}/${name}`,
    kind: 'requestreply',
    namespace,
    name,
    schemes: schemesOf(features),
    ...(access ? { access } : {}),
    replies: {
      correlationAttribute: spec.correlationAttribute ?? '',
      replyAttribute: spec.replyAttribute ?? '',
      timeoutMs: parsePeriod(spec.timeout ?? '') ?? 0,
    },
  };
}

/** By the host that is the channel's own; by TLS under the one that all channels have in common, too. */
function channelAddresses({ channel, broker, features, policies }: StreamFacts): StreamAddress[] {
  const { namespace = '', name } = channel.metadata;
  const access = accessOf(channel, features, policies);
  const of = { kind: 'channel', namespace, name, ...(access ? { access } : {}) } as const;
  // What comes through a Broker is told of as the Broker's.
  const types = broker ? {} : tellsTypes(features);
  const hosts = spellingsOf(channelServiceName(name), namespace);
  const secure: StreamAddress[] =
    features.encryption === 'disabled'
      ? []
      : [
          {
            ...of,
            ...types,
            hosts: spellingsOf(CHANNEL_DISPATCHER, EVENTING_NAMESPACE),
            path: `/${namespace}/${name}`,
            schemes: ['https'],
          },
        ];
  const plain = schemesOf(features);
  return [{ ...of, ...types, hosts, path: '/', schemes: plain }, ...secure];
}

function schemesOf({ encryption }: EventingFeatures): readonly ('http' | 'https')[] {
  if (encryption === 'strict') return ['https'];
  return encryption === 'permissive' ? ['http', 'https'] : ['http'];
}

const tellsTypes = (features: EventingFeatures): { tellsTypes?: true } =>
  features.isEnabled('eventtype-auto-create') ? { tellsTypes: true } : {};

function consumerOf(subscriber: Subscriber, facts: StreamFacts): Consumer {
  const named = subscriber.subscriberUri === undefined ? undefined : triggerOf(subscriber.subscriberUri);
  return named ? triggerConsumer(subscriber, named, facts) : subscriptionConsumer(subscriber, facts);
}

/** A Subscription that leads to the filter is a Trigger's: what the Trigger says is done here, in one hop. */
function triggerConsumer(
  subscriber: Subscriber,
  { namespace, name, uid }: { namespace: string; name: string; uid: string },
  { broker, trigger: find }: StreamFacts,
): Consumer {
  const found = find(namespace, name);
  const trigger = found?.metadata.uid === uid ? found : undefined;
  const status = trigger?.status;
  const delivery = { ...subscriber.delivery, format: trigger?.spec.delivery?.format };
  const identity = identityOf(namespace, trigger?.status?.auth?.serviceAccountName);
  const subscriberUrl = status?.subscriberUri;
  const deadLetter = destination(
    status?.deadLetterSinkUri,
    status?.deadLetterSinkCACerts,
    status?.deadLetterSinkAudience,
    identity,
  );
  const reply = broker && replyTo(broker, identity);
  const settings = consumerSettings(trigger?.metadata.annotations);
  return {
    namespace,
    name,
    kind: 'trigger',
    filters: trigger ? triggerFilters(trigger.spec) : [],
    ...withDestination(
      'subscriber',
      destination(subscriberUrl, status?.subscriberCACerts, status?.subscriberAudience, identity),
    ),
    ...withDestination('reply', reply),
    ...withDestination('deadLetter', deadLetter),
    delivery: plainDelivery(delivery),
    ...settings,
    // Until it is known where events go, they wait.
    ...(subscriberUrl ? {} : { paused: true }),
  };
}

/** Replies of a Trigger go back to its Broker. */
function replyTo(broker: Broker, identity: string | undefined): Destination | undefined {
  const { namespace = '', name } = broker.metadata;
  const { url = brokerUrl('http', namespace, name), CACerts, audience } = broker.status?.address ?? {};
  return destination(url, CACerts, audience, identity);
}

function subscriptionConsumer(subscriber: Subscriber, { channel, subscription: find }: StreamFacts): Consumer {
  const subscription = find(subscriber.uid ?? '');
  const namespace = subscription?.metadata.namespace ?? channel.metadata.namespace ?? '';
  const identity = identityOf(namespace, subscriber.auth?.serviceAccountName);
  const { deadLetterSink } = subscriber.delivery ?? {};
  return {
    namespace,
    name: subscription?.metadata.name ?? subscriber.name ?? '',
    kind: 'subscription',
    filters: [],
    ...withDestination(
      'subscriber',
      destination(subscriber.subscriberUri, subscriber.subscriberCACerts, subscriber.subscriberAudience, identity),
    ),
    ...withDestination(
      'reply',
      destination(subscriber.replyUri, subscriber.replyCACerts, subscriber.replyAudience, identity),
    ),
    ...withDestination(
      'deadLetter',
      destination(deadLetterSink?.uri, deadLetterSink?.CACerts, deadLetterSink?.audience, identity),
    ),
    delivery: plainDelivery(subscriber.delivery),
    ...consumerSettings(subscription?.metadata.annotations),
  };
}

function identityOf(namespace: string, serviceAccount: string | undefined): string | undefined {
  return serviceAccount ? `${namespace}/${serviceAccount}` : undefined;
}

function destination(
  url: string | undefined,
  caCerts: string | undefined,
  audience: string | undefined,
  identity: string | undefined,
): Destination | undefined {
  if (!url) return undefined;
  return {
    url,
    ...(caCerts ? { caCerts } : {}),
    ...(audience ? { audience } : {}),
    ...(audience && identity ? { identity } : {}),
  };
}

function withDestination<F extends string>(field: F, value: Destination | undefined): { [K in F]?: Destination } {
  return (value ? { [field]: value } : {}) as { [K in F]?: Destination };
}
