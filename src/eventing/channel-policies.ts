// Event policies over the channels that an object makes for itself: only what the object itself sends through them gets in.

import type { Turn } from '#engine/mod.ts';
import { eventingFeaturesConfig, EventPolicy, Subscription } from '#kinds/mod.ts';
import type { KReference } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { childName } from '#machinery/mod.ts';
import { applyingPolicies } from './policies.ts';

type Spec = EventPolicy['spec'];
type Sender = NonNullable<Spec['from']>[number];

/** A policy as it is to be. */
export interface ChannelPolicy {
  readonly name: string;
  /** The channel, of the object's own namespace. */
  readonly channel: Pick<KReference, 'apiVersion' | 'kind' | 'name'>;
  readonly from: readonly Sender[];
  readonly filters?: Spec['filters'];
}

/** Whatever a Subscription of the namespace sends. */
export function fromSubscription(namespace: string, name: string): Sender {
  return { ref: { apiVersion: Subscription.apiVersion, kind: Subscription.kind, name, namespace } };
}

/** The policies over an object, as policies over the channel by which it is reached. */
export function passedOn(
  object: KubeObject,
  policies: readonly EventPolicy[],
  channel: ChannelPolicy['channel'],
  nameOf: (policy: string) => string,
): ChannelPolicy[] {
  return applyingPolicies(object, policies).map(({ metadata, spec: { from = [], filters } }) => ({
    name: nameOf(metadata.name),
    channel,
    from,
    ...(filters ? { filters } : {}),
  }));
}

/** The name of a policy over a channel, or made of another policy. */
export const policyName = (object: string, of: string): string => childName(object, `-ep-${of}`);

/** Makes the policies where senders must say who they are, and removes all others that the object has made. */
export async function settleChannelPolicies<O extends KubeObject>(
  turn: Turn<O>,
  labels: Readonly<Record<string, string>>,
  wanted: () => readonly ChannelPolicy[],
): Promise<void> {
  const isOn = turn.config(eventingFeaturesConfig).isEnabled('authentication-oidc');
  const policies = isOn ? wanted() : [];
  for (const policy of policies)
    await turn.apply(EventPolicy, policyOf(turn.object, labels, policy), { metadata: 'merge' });
  await turn.prune(
    EventPolicy,
    policies.map(({ name }) => name),
  );
}

function policyOf(
  { metadata: { namespace = '' } }: KubeObject,
  labels: Readonly<Record<string, string>>,
  { name, channel, from, filters }: ChannelPolicy,
): EventPolicy {
  const { apiVersion, kind, name: channelName } = channel;
  return {
    apiVersion: EventPolicy.apiVersion,
    kind: EventPolicy.kind,
    metadata: { name, namespace, labels: { ...labels } },
    spec: {
      to: [{ ref: { apiVersion, kind, name: channelName } }],
      from: [...from],
      ...(filters ? { filters } : {}),
    },
  };
}
