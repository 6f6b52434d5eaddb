// A Trigger hangs on its Broker's channel by a Subscription; where its events really go stands in its status.

import { equal } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, index, settleIdentity, watch } from '#engine/mod.ts';
import type { EventingFeatures } from '#kinds/mod.ts';
import {
  Broker,
  BROKER_CLASS_ANNOTATION,
  CHANNEL_BROKER_CLASS,
  eventingFeaturesConfig,
  kreferenceMappingConfig,
  ServiceAccount,
  Subscription,
  Trigger,
} from '#kinds/mod.ts';
import { findCondition, isReady, keyOf } from '#machinery/mod.ts';
import { settleDeadLetter, tellDeadLetter } from '../dead-letter.ts';
import { followDestinations, followReferences } from '../resolve/follow.ts';
import { resolve } from '../resolve/resolve.ts';
import { dependableKinds, dependencyOf, settleDependency } from './dependency.ts';
import { brokerOf, channelRef, subscriptionOf } from './subscription.ts';

type TriggerTurn = Turn<Trigger>;

const BY_BROKER = 'eventing/triggers-by-broker';

export function triggerController(): ControllerDefinition<Trigger> {
  const followed = followDestinations(Trigger, ({ spec }) => [spec.subscriber, spec.delivery?.deadLetterSink]);
  const awaited = followReferences(Trigger, (trigger) => [dependencyOf(trigger)], dependableKinds, 'dependency');
  return defineController({
    name: 'trigger-controller',
    of: Trigger,
    owns: [Subscription, ServiceAccount],
    watches: [
      ...followed.watches,
      ...awaited.watches,
      watch(Broker, (broker, reader) => reader.byIndex(Trigger, BY_BROKER, keyOf(broker)).map(keyOf)),
    ],
    indexes: [
      ...followed.indexes,
      ...awaited.indexes,
      // Whether links across namespaces are on is not known here: a Trigger is found by either way of naming its Broker.
      index(Trigger, BY_BROKER, ({ metadata: { namespace = '' }, spec: { broker, brokerRef } }) => [
        ...(broker ? [`${namespace}/${broker}`] : []),
        ...(brokerRef ? [`${brokerRef.namespace || namespace}/${brokerRef.name}`] : []),
      ]),
    ],
    configs: [eventingFeaturesConfig, kreferenceMappingConfig],

    async reconcile(turn) {
      const features = turn.config(eventingFeaturesConfig);
      const { namespace, name } = brokerOf(turn.object, features);
      const broker = turn.get(Broker, namespace, name);
      if (!broker)
        return turn.mark.false('BrokerReady', 'BrokerDoesNotExist', `Broker ${JSON.stringify(name)} does not exist`);
      if (broker.metadata.annotations?.[BROKER_CLASS_ANNOTATION] !== CHANNEL_BROKER_CLASS) return;
      tellBroker(turn, broker);
      if (!isReady(broker) || !settleSubscriber(turn) || !settleSink(turn, broker)) return;
      if ((await settleIdentity(turn)) === false) return;
      await subscribe(turn, broker, features);
      settleDependency(turn.object, turn, turn.mark);
    },
  });
}

function tellBroker({ mark }: TriggerTurn, { status }: Broker): void {
  const ready = findCondition(status, 'Ready');
  if (!ready) mark.unknown('BrokerReady', 'BrokerNotConfigured', 'Broker has not yet been reconciled.');
  else if (ready.status === 'True') mark.true('BrokerReady');
  else mark.copy('BrokerReady', ready);
}

function settleSubscriber(turn: TriggerTurn): boolean {
  const { object, status, mark } = turn;
  delete status.subscriberUri;
  delete status.subscriberCACerts;
  delete status.subscriberAudience;
  const found = resolve(object.spec.subscriber ?? {}, object.metadata.namespace ?? '', turn);
  if ('fault' in found) {
    mark.false('SubscriberResolved', "Unable to get the Subscriber's URI", found.fault);
    return false;
  }
  const { url, CACerts, audience } = found.address;
  status.subscriberUri = url;
  if (CACerts) status.subscriberCACerts = CACerts;
  if (audience) status.subscriberAudience = audience;
  mark.true('SubscriberResolved');
  return true;
}

/** The Trigger's own dead letter sink, or else the Broker's. */
function settleSink(turn: TriggerTurn, broker: Broker): boolean {
  const { status, mark } = turn;
  if (turn.object.spec.delivery?.deadLetterSink || !broker.spec.delivery?.deadLetterSink)
    return settleDeadLetter(turn, turn.object.spec.delivery);
  const {
    deadLetterSinkUri: url,
    deadLetterSinkCACerts: CACerts,
    deadLetterSinkAudience: audience,
  } = broker.status ?? {};
  tellDeadLetter(status, url ? { url, CACerts, audience } : undefined);
  if (url) mark.true('DeadLetterSinkResolved');
  else mark.false('DeadLetterSinkResolved', `Broker ${broker.metadata.name} didn't set status.deadLetterSinkURI`, '');
  return url !== undefined;
}

/** Brings the Subscription to what is wanted. It stays the same one, and so keeps its place among the events, unless the channel is another. */
async function subscribe(turn: TriggerTurn, broker: Broker, features: EventingFeatures): Promise<void> {
  const { object, mark } = turn;
  const channel = channelRef(broker);
  if (!channel) {
    const why = `Failed to get broker ${JSON.stringify(broker.metadata.name)} annotations: Broker.Status.Annotations nil or missing values`;
    return mark.false('BrokerReady', 'MissingBrokerChannel', why);
  }
  const wanted = subscriptionOf(object, broker, channel, features);
  const there = turn.get(Subscription, wanted.metadata.namespace ?? '', wanted.metadata.name);
  if (there && !equal(there.spec.channel, wanted.spec.channel)) await turn.remove(Subscription, there);
  const { outcome, object: subscription } = await turn.apply(Subscription, wanted, { metadata: 'merge' });
  if (outcome === 'taken') {
    const [ours, theirs] = [object.metadata.name, subscription.metadata.name].map((name) => JSON.stringify(name));
    return mark.false(
      'SubscriptionReady',
      'SubscriptionNotOwnedByTrigger',
      `trigger ${ours} does not own subscription ${theirs}`,
    );
  }
  const ready = findCondition(subscription.status, 'Ready');
  if (!ready)
    mark.unknown('SubscriptionReady', 'SubscriptionNotConfigured', 'Subscription has not yet been reconciled.');
  else if (ready.status === 'True') mark.true('SubscriptionReady');
  else mark.copy('SubscriptionReady', ready);
  await turn.prune(Subscription, [wanted.metadata.name]);
}
