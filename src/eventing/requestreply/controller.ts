// A RequestReply is another way into its Broker, one whose answer is the event that replies. This controller keeps its status; the
// controller of the channel behind the Broker tells the data plane, which sees all that comes through and needs no Trigger.

import { equal } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, index, watch } from '#engine/mod.ts';
import {
  Broker,
  BROKER_CLASS_ANNOTATION,
  CHANNEL_BROKER_CLASS,
  eventingFeaturesConfig,
  EventPolicy,
  REQUEST_REPLY,
  RequestReply,
} from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { isReady, keyOf } from '#machinery/mod.ts';
import { tellAddress } from '../addresses.ts';
import { caCertsOf, watchCertificate } from '../certificates.ts';
import { brokerChannelName, requestReplyUrl } from '../names.ts';
import { settlePolicies, watchPolicies } from '../policies.ts';
import type { StreamBoard } from '../streams/board.ts';
import { requestAddress } from '../streams/rule.ts';

type RequestTurn = Turn<RequestReply>;

const BY_BROKER = 'eventing/request-replies-by-broker';

export interface RequestReplyParts {
  readonly board: Pick<StreamBoard, 'knows' | 'requestAddress' | 'onRequestAddress'>;
  /** The platform's own authority, by which addresses by TLS are trusted unless others' certificates are shown there. */
  readonly ownCa?: string | undefined;
}

export function requestReplyController({ board, ownCa }: RequestReplyParts): ControllerDefinition<RequestReply> {
  return defineController({
    name: 'requestreply-controller',
    of: RequestReply,
    reads: [EventPolicy],
    watches: [
      watchPolicies(RequestReply),
      watchCertificate(RequestReply, REQUEST_REPLY),
      watch(Broker, (broker, reader) => reader.byIndex(RequestReply, BY_BROKER, keyOf(broker)).map(keyOf)),
    ],
    indexes: [
      index(RequestReply, BY_BROKER, ({ metadata: { namespace = '' }, spec: { brokerRef } }) =>
        brokerRef?.name ? [`${namespace}/${brokerRef.name}`] : [],
      ),
    ],
    configs: [eventingFeaturesConfig],

    reconcile(turn) {
      const { object } = turn;
      settlePolicies(turn);
      if (!settleBroker(turn) || !settleData(turn, board)) return;
      const { namespace = '', name } = object.metadata;
      tellAddress(turn.status, object, turn.config(eventingFeaturesConfig), {
        plain: requestReplyUrl('http', namespace, name),
        secure: requestReplyUrl('https', namespace, name),
        caCerts: () => caCertsOf(REQUEST_REPLY, turn, ownCa),
      });
      turn.mark.true('Addressable');
    },

    listen: (poke) => board.onRequestAddress(poke),
  });
}

/** Whether there is a Broker that takes requests. */
function settleBroker(turn: RequestTurn): boolean {
  const { object, mark } = turn;
  const { namespace = '' } = object.metadata;
  const name = object.spec.brokerRef?.name ?? '';
  const broker = turn.get(Broker, namespace, name);
  const brokerClass = broker?.metadata.annotations?.[BROKER_CLASS_ANNOTATION];
  if (!broker)
    mark.unknown(
      'BrokerReady',
      'NotFound',
      `could not get broker: broker.eventing.knative.dev ${JSON.stringify(name)} not found`,
    );
  else if (brokerClass !== CHANNEL_BROKER_CLASS)
    mark.false(
      'BrokerReady',
      'NotSupported',
      `expected a Broker of class ${CHANNEL_BROKER_CLASS}, but it is ${brokerClass}`,
    );
  else if (!isReady(broker)) mark.false('BrokerReady', 'NotReady', 'broker is not ready');
  else {
    mark.true('BrokerReady');
    return true;
  }
  return false;
}

/** The key of the channel behind its Broker. */
function channelOf({ metadata: { namespace = '' }, spec: { brokerRef } }: RequestReply): ObjectKey {
  return `${namespace}/${brokerChannelName(brokerRef?.name ?? '')}`;
}

/** Whether the data plane takes requests as they are wanted now. What Knative counts here are Triggers, one for each of its Pods. */
function settleData(turn: RequestTurn, board: RequestReplyParts['board']): boolean {
  const { object, status, mark } = turn;
  const wanted = requestAddress(object, {
    features: turn.config(eventingFeaturesConfig),
    policies: turn.list(EventPolicy, object.metadata.namespace ?? ''),
  });
  const isTold = equal(board.requestAddress(turn.key), wanted);
  // A control process that has just begun has told nothing; the data process goes on with what it was told before.
  if (!isTold && !board.knows(channelOf(object))) return false;
  status.desiredReplicas = 1;
  status.readyReplicas = isTold ? 1 : 0;
  if (isTold) mark.true('TriggersReady');
  else mark.unknown('TriggersReady', 'TriggersNotReady', 'the data plane has not yet been told of it');
  return isTold;
}
