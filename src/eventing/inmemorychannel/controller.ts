// An InMemoryChannel is a stream of the data plane: its Service, its address, and its subscribers as consumers.

import { defineController, index, watch } from '#engine/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import {
  Broker,
  BROKER_CLASS_ANNOTATION,
  Channel,
  CHANNEL_BROKER_CLASS,
  CHANNEL_DISPATCHER,
  CHANNEL_ROLE_LABEL,
  CoreService,
  eventingFeaturesConfig,
  EventPolicy,
  InMemoryChannel,
  kreferenceMappingConfig,
  RequestReply,
  Subscription,
  Trigger,
} from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { controllerOf, keyOf } from '#machinery/mod.ts';
import { tellAddress } from '../addresses.ts';
import { caCertsOf, watchCertificate } from '../certificates.ts';
import { settleDeadLetter } from '../dead-letter.ts';
import {
  brokerChannelName,
  channelServiceName,
  channelUrl,
  secureChannelUrl,
  systemHost,
  triggerOf,
} from '../names.ts';
import { settlePolicies, watchPolicies } from '../policies.ts';
import { followDestinations } from '../resolve/follow.ts';
import type { StreamBoard } from '../streams/board.ts';
import { streamRule } from '../streams/rule.ts';
import { endpointsOf, hasService, watchSystemServices } from '../system-services.ts';

type ChannelTurn = Turn<InMemoryChannel>;

const BY_TRIGGER = 'eventing/channels-by-trigger';
const BY_UID = 'eventing/subscriptions-by-uid';
const BY_BROKER = 'eventing/request-replies-of-broker';

export interface ChannelParts {
  readonly board: StreamBoard;
  /** The platform's own authority, by which addresses by TLS are trusted unless others' certificates are shown there. */
  readonly ownCa?: string | undefined;
}

export function inMemoryChannelController({ board, ownCa }: ChannelParts): ControllerDefinition<InMemoryChannel> {
  const followed = followDestinations(InMemoryChannel, ({ spec }) => [spec.delivery?.deadLetterSink]);
  return defineController({
    name: 'inmemorychannel-controller',
    of: InMemoryChannel,
    owns: [CoreService],
    reads: [Subscription, EventPolicy, RequestReply],
    watches: [
      ...followed.watches,
      ...watchSystemServices(InMemoryChannel, CHANNEL_DISPATCHER),
      watchPolicies(InMemoryChannel),
      watchCertificate(InMemoryChannel, CHANNEL_DISPATCHER),
      watch(Broker, ({ metadata: { namespace = '', name } }) => [`${namespace}/${brokerChannelName(name)}`]),
      watch(Channel, ({ metadata: { namespace = '', name } }) => [`${namespace}/${name}`]),
      watch(RequestReply, ({ metadata: { namespace = '' }, spec: { brokerRef } }) =>
        brokerRef?.name ? [`${namespace}/${brokerChannelName(brokerRef.name)}`] : [],
      ),
      watch(Trigger, (trigger, reader) => reader.byIndex(InMemoryChannel, BY_TRIGGER, keyOf(trigger)).map(keyOf)),
      watch(Subscription, ({ metadata }, reader) =>
        reader.byIndex(InMemoryChannel, BY_TRIGGER, metadata.uid ?? '').map(keyOf),
      ),
    ],
    indexes: [
      ...followed.indexes,
      // By what its consumers are made of: Triggers by name, Subscriptions by uid.
      index(InMemoryChannel, BY_TRIGGER, ({ spec }) =>
        (spec.subscribers ?? []).flatMap(({ uid, subscriberUri }) => {
          const trigger = triggerOf(subscriberUri ?? '');
          return trigger ? [`${trigger.namespace}/${trigger.name}`] : uid ? [uid] : [];
        }),
      ),
      index(RequestReply, BY_BROKER, ({ metadata: { namespace = '' }, spec: { brokerRef } }) =>
        brokerRef?.name ? [`${namespace}/${brokerRef.name}`] : [],
      ),
      index(Subscription, BY_UID, ({ metadata }) => (metadata.uid ? [metadata.uid] : [])),
    ],
    configs: [eventingFeaturesConfig, kreferenceMappingConfig],

    async reconcile(turn) {
      settleDispatcher(turn);
      if (!(await applyService(turn))) return;
      const hasDeadLetter = settleDeadLetter(turn, turn.object.spec.delivery);
      settlePolicies(turn);
      await board.tell(turn.object, ruleOf(turn));
      tellSubscribers(turn);
      if (!hasDeadLetter) return;
      const { namespace = '', name } = turn.object.metadata;
      tellAddress(turn.status, turn.object, turn.config(eventingFeaturesConfig), {
        plain: channelUrl(namespace, name),
        secure: secureChannelUrl(namespace, name),
        caCerts: () => caCertsOf(CHANNEL_DISPATCHER, turn, ownCa),
      });
      turn.mark.true('Addressable');
    },

    forget: (key) => board.forget(key),
  });
}

/** Whether the data plane can be reached by its Service. */
function settleDispatcher(turn: ChannelTurn): void {
  const { mark } = turn;
  mark.true('DispatcherReady');
  if (hasService(turn, CHANNEL_DISPATCHER)) mark.true('ServiceReady');
  else mark.false('ServiceReady', 'DispatcherServiceDoesNotExist', 'Dispatcher Service does not exist');
  const endpoints = endpointsOf(turn, CHANNEL_DISPATCHER);
  if (endpoints === 'ready') mark.true('EndpointsReady');
  else if (endpoints === 'none')
    mark.false('EndpointsReady', 'DispatcherEndpointsDoesNotExist', 'Dispatcher Endpoints does not exist');
  else {
    const why = 'There are no endpoints ready for Dispatcher service';
    mark.false('EndpointsReady', 'DispatcherEndpointsNotReady', why);
  }
}

/** The name in the network. False where it is somebody else's. */
async function applyService(turn: ChannelTurn): Promise<boolean> {
  const { object, mark } = turn;
  const claim = await turn.apply(CoreService, serviceOf(object));
  if (claim.outcome !== 'taken') {
    mark.true('ChannelServiceReady');
    return true;
  }
  const { namespace, name } = object.metadata;
  const why = `inmemorychannel: ${namespace}/${name} does not own Service: ${JSON.stringify(claim.object.metadata.name)}`;
  mark.false('ChannelServiceReady', 'ChannelServiceFailed', `Channel Service failed: ${why}`);
  return false;
}

function serviceOf({ metadata: { namespace = '', name } }: InMemoryChannel): CoreService {
  return {
    apiVersion: CoreService.apiVersion,
    kind: CoreService.kind,
    metadata: {
      name: channelServiceName(name),
      namespace,
      labels: { [CHANNEL_ROLE_LABEL]: 'in-memory-channel' },
    },
    spec: {
      type: 'ExternalName',
      externalName: systemHost(CHANNEL_DISPATCHER),
      ports: [
        { name: 'http', port: 80, protocol: 'TCP' },
        { name: 'https', port: 443, protocol: 'TCP' },
      ],
    },
  };
}

function ruleOf(turn: ChannelTurn) {
  const { object } = turn;
  const broker = brokerOf(turn);
  return streamRule({
    channel: object,
    broker,
    front: frontOf(turn),
    requestReplies: broker ? turn.byIndex(RequestReply, BY_BROKER, keyOf(broker)) : [],
    features: turn.config(eventingFeaturesConfig),
    policies: turn.list(EventPolicy, object.metadata.namespace ?? ''),
    trigger: (namespace, name) => turn.get(Trigger, namespace, name),
    subscription: (uid) => turn.byIndex(Subscription, BY_UID, uid)[0],
  });
}

/** The Broker that the channel was made for. */
function brokerOf(turn: ChannelTurn): Broker | undefined {
  const owner = controllerOf(turn.object);
  if (owner?.kind !== Broker.kind) return undefined;
  const broker = turn.get(Broker, turn.object.metadata.namespace ?? '', owner.name);
  const isOurs = (one: KubeObject) =>
    one.metadata.uid === owner.uid && one.metadata.annotations?.[BROKER_CLASS_ANNOTATION] === CHANNEL_BROKER_CLASS;
  return broker && isOurs(broker) ? broker : undefined;
}

/** The Channel that it was made for. */
function frontOf(turn: ChannelTurn): Channel | undefined {
  const owner = controllerOf(turn.object);
  if (owner?.kind !== Channel.kind) return undefined;
  const front = turn.get(Channel, turn.object.metadata.namespace ?? '', owner.name);
  return front?.metadata.uid === owner.uid ? front : undefined;
}

/** Those that the data plane has been told of are served. */
function tellSubscribers({ object, status }: ChannelTurn): void {
  const subscribers = object.spec.subscribers ?? [];
  if (subscribers.length === 0) return void delete status.subscribers;
  status.subscribers = subscribers.map(({ uid, generation }) => ({
    uid,
    observedGeneration: generation,
    ready: 'True',
  }));
}
