// A Channel makes the channel that stands behind it, and shows what that one says.

import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { Channel, eventingFeaturesConfig, EventPolicy } from '#kinds/mod.ts';
import { childName, findCondition, splitApiVersion } from '#machinery/mod.ts';
import type { AnyChannel } from '../broker/channel.ts';
import { channelKind, channelKinds } from '../broker/channel.ts';
import { passedOn, settleChannelPolicies } from '../channel-policies.ts';
import { tellDeadLetter } from '../dead-letter.ts';
import { settlePolicies, watchPolicies } from '../policies.ts';

type ChannelTurn = Turn<Channel>;

export function channelController(): ControllerDefinition<Channel> {
  return defineController({
    name: 'channel-controller',
    of: Channel,
    owns: [...channelKinds, EventPolicy],
    watches: [watchPolicies(Channel)],
    configs: [eventingFeaturesConfig],

    async reconcile(turn) {
      const backing = await settleBacking(turn);
      if (!backing) return;
      const { apiVersion, kind, metadata } = backing;
      turn.status.channel = { apiVersion, kind, name: metadata.name, namespace: metadata.namespace };
      tellBacking(turn, backing);
      tellAddress(turn, backing);
      tellSink(turn, backing);
      settlePolicies(turn);
      await guardBacking(turn, backing);
    },
  });
}

async function settleBacking(turn: ChannelTurn): Promise<AnyChannel | undefined> {
  const { metadata, spec } = turn.object;
  const { apiVersion = '', kind: named = '', spec: templateSpec } = spec.channelTemplate ?? {};
  const kind = channelKind({ apiVersion, kind: named });
  if (!kind || kind.kind === Channel.kind) {
    const why = `no matches for kind ${JSON.stringify(named)} in version ${JSON.stringify(apiVersion)}`;
    turn.mark.false('BackingChannelReady', 'ChannelFailure', why);
    return undefined;
  }
  const { outcome, object } = await turn.claim(kind, {
    apiVersion,
    kind: named,
    metadata: { name: metadata.name, namespace: metadata.namespace ?? '' },
    spec: { ...templateSpec, ...(spec.delivery ? { delivery: spec.delivery } : {}) },
  });
  if (outcome !== 'taken') return object;
  const why = `channel ${JSON.stringify(metadata.name)} is there and not this Channel's`;
  turn.mark.false('BackingChannelReady', 'ChannelFailure', why);
  return undefined;
}

/** Whoever may send to the Channel may send to what stands behind it, and nobody else. */
async function guardBacking(turn: ChannelTurn, { apiVersion, kind, metadata: { name } }: AnyChannel): Promise<void> {
  const about = { ...splitApiVersion(apiVersion), kind, name };
  const labels = Object.entries(about).map(([what, text]) => [`messaging.knative.dev/channel-${what}`, text] as const);
  const { object } = turn;
  await settleChannelPolicies(turn, Object.fromEntries(labels), () =>
    passedOn(object, turn.list(EventPolicy, object.metadata.namespace ?? ''), { apiVersion, kind, name }, (policy) =>
      childName(`${policy}-`, name),
    ),
  );
}

function tellBacking({ status, mark }: ChannelTurn, backing: AnyChannel): void {
  const ready = findCondition(backing.status, 'Ready');
  if (!ready)
    mark.unknown('BackingChannelReady', 'BackingChannelNotConfigured', 'BackingChannel has not yet been reconciled.');
  else if (ready.status === 'True') mark.true('BackingChannelReady');
  else mark.copy('BackingChannelReady', ready);
  const { subscribers } = backing.status ?? {};
  if (subscribers) status.subscribers = subscribers.map((subscriber) => ({ ...subscriber }));
  else delete status.subscribers;
}

function tellAddress({ status, mark }: ChannelTurn, backing: AnyChannel): void {
  const { address, addresses } = backing.status ?? {};
  delete status.address;
  delete status.addresses;
  if (addresses) status.addresses = addresses.map((one) => ({ ...one }));
  if (!address?.url) return mark.false('Addressable', 'EmptyHostname', 'hostname is the empty string');
  status.address = { ...address };
  mark.true('Addressable');
}

const SINK = 'DeadLetterSinkResolved';

function tellSink({ object, status, mark }: ChannelTurn, { metadata, status: told }: AnyChannel): void {
  const wants = object.spec.delivery?.deadLetterSink !== undefined;
  const { deadLetterSinkUri: url, deadLetterSinkCACerts: CACerts, deadLetterSinkAudience: audience } = told ?? {};
  tellDeadLetter(status, wants && url ? { url, CACerts, audience } : undefined);
  if (!wants) mark.trueWith(SINK, 'DeadLetterSinkNotConfigured', 'No dead letter sink is configured.');
  else if (url) mark.true(SINK);
  else mark.false(SINK, `Backing Channel ${metadata.name} didn't set status.deadLetterSinkURI`, '');
}
