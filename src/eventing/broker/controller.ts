// A Broker of the class MTChannelBasedBroker: a channel that holds its events, and an address that leads into it.

import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, index, watch } from '#engine/mod.ts';
import {
  Broker,
  BROKER_CLASS_ANNOTATION,
  BROKER_FILTER,
  BROKER_INGRESS,
  CHANNEL_ADDRESS_ANNOTATION,
  CHANNEL_API_VERSION_ANNOTATION,
  CHANNEL_AUDIENCE_ANNOTATION,
  CHANNEL_BROKER_CLASS,
  CHANNEL_CA_CERTS_ANNOTATION,
  CHANNEL_KIND_ANNOTATION,
  CHANNEL_NAME_ANNOTATION,
  ConfigMap,
  EVENTING_NAMESPACE,
  eventingFeaturesConfig,
  EventPolicy,
  kreferenceMappingConfig,
} from '#kinds/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import { tellAddress } from '../addresses.ts';
import { caCertsOf, watchCertificate } from '../certificates.ts';
import { settleDeadLetter } from '../dead-letter.ts';
import { policyName, settleChannelPolicies } from '../channel-policies.ts';
import { brokerUrl } from '../names.ts';
import { settlePolicies, watchPolicies } from '../policies.ts';
import { followDestinations } from '../resolve/follow.ts';
import { endpointsOf, watchSystemServices } from '../system-services.ts';
import type { AnyChannel } from './channel.ts';
import { channelKinds, channelOf, channelPatch, templateOf } from './channel.ts';

type BrokerTurn = Turn<Broker>;

const BY_CONFIG = 'eventing/brokers-by-config';

export interface BrokerParts {
  /** The platform's own authority, by which addresses by TLS are trusted unless others' certificates are shown there. */
  readonly ownCa?: string | undefined;
}

export function brokerController({ ownCa }: BrokerParts = {}): ControllerDefinition<Broker> {
  const followed = followDestinations(Broker, ({ spec }) => [spec.delivery?.deadLetterSink]);
  return defineController({
    name: 'broker-controller',
    of: Broker,
    owns: [...channelKinds, EventPolicy],
    watches: [
      ...followed.watches,
      ...watchSystemServices(Broker, BROKER_INGRESS, BROKER_FILTER),
      watchPolicies(Broker),
      watchCertificate(Broker, BROKER_INGRESS),
      watch(ConfigMap, (configMap, reader) => reader.byIndex(Broker, BY_CONFIG, keyOf(configMap)).map(keyOf)),
    ],
    indexes: [
      ...followed.indexes,
      index(Broker, BY_CONFIG, ({ spec: { config } }) => (config ? [`${config.namespace}/${config.name}`] : [])),
    ],
    configs: [eventingFeaturesConfig, kreferenceMappingConfig],
    selects: ({ metadata }) => metadata.annotations?.[BROKER_CLASS_ANNOTATION] === CHANNEL_BROKER_CLASS,

    async reconcile(turn) {
      const channel = await settleChannel(turn);
      if (!channel) return;
      settleServices(turn);
      if (!settleDeadLetter(turn, turn.object.spec.delivery)) return;
      const { namespace = '', name } = turn.object.metadata;
      tellAddress(turn.status, turn.object, turn.config(eventingFeaturesConfig), {
        plain: brokerUrl('http', namespace, name),
        secure: brokerUrl('https', namespace, name),
        caCerts: () => caCertsOf(BROKER_INGRESS, turn, ownCa),
      });
      turn.mark.true('Addressable');
      settlePolicies(turn);
      await guardChannel(turn, channel);
    },
  });
}

const CONDITION = 'TriggerChannelReady';

/** The channel once it has an address, which it has once the data plane takes its events and the Broker's. */
async function settleChannel(turn: BrokerTurn): Promise<AnyChannel | undefined> {
  const { object, mark } = turn;
  const found = templateOf(object, turn);
  if ('fault' in found) {
    const why = `Error on setting up the ChannelTemplate: ${found.fault}`;
    mark.false(CONDITION, 'ChannelTemplateFailed', why);
    return undefined;
  }
  const { namespace = '' } = object.metadata;
  const wanted = channelOf(object, found);
  const claim = await turn.claim(found.kind, wanted);
  if (claim.outcome === 'taken') {
    const why = `channel ${JSON.stringify(wanted.metadata.name)} is there and not this Broker's`;
    mark.false(CONDITION, 'ChannelFailure', why);
    return undefined;
  }
  const patch = claim.outcome === 'found' ? channelPatch(claim.object, wanted) : undefined;
  const channel = patch
    ? await turn.client.patch(found.kind, namespace, wanted.metadata.name, 'merge', patch)
    : claim.object;
  const { url, CACerts, audience } = channel.status?.address ?? {};
  if (!url) {
    mark.false(CONDITION, 'NoAddress', 'Channel does not have an address.');
    return undefined;
  }
  turn.status.annotations = {
    [CHANNEL_ADDRESS_ANNOTATION]: url,
    [CHANNEL_KIND_ANNOTATION]: channel.kind,
    [CHANNEL_API_VERSION_ANNOTATION]: channel.apiVersion,
    [CHANNEL_NAME_ANNOTATION]: channel.metadata.name,
    ...(CACerts ? { [CHANNEL_CA_CERTS_ANNOTATION]: CACerts } : {}),
    ...(audience ? { [CHANNEL_AUDIENCE_ANNOTATION]: audience } : {}),
  };
  mark.true(CONDITION);
  return channel;
}

/** The ServiceAccount as which a Broker's ingress sends into its channel. */
const INGRESS_SUBJECT = `system:serviceaccount:${EVENTING_NAMESPACE}:mt-broker-ingress-oidc`;

/** Lets only the Broker's ingress send to its channel: anything else did not come through the Broker. */
async function guardChannel(turn: BrokerTurn, { apiVersion, kind, metadata }: AnyChannel): Promise<void> {
  const { name } = turn.object.metadata;
  const { group, version } = Broker;
  const about = { group, version, kind: Broker.kind, name };
  const labels = Object.entries(about).map(([what, text]) => [`eventing.knative.dev/broker-${what}`, text] as const);
  await settleChannelPolicies(turn, Object.fromEntries(labels), () => [
    {
      name: policyName(name, metadata.name),
      channel: { apiVersion, kind, name: metadata.name },
      from: [{ sub: INGRESS_SUBJECT }],
    },
  ]);
}

function settleServices(turn: BrokerTurn): void {
  const conditions = { FilterReady: BROKER_FILTER, IngressReady: BROKER_INGRESS };
  for (const [condition, service] of Object.entries(conditions)) {
    if (endpointsOf(turn, service) === 'ready') turn.mark.true(condition);
    else turn.mark.false(condition, 'EndpointSlicesUnavailable', 'EndpointSlices are unavailable.');
  }
}
