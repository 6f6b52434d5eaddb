// The channel behind a Broker: which kind it is of, and what it is told.

import type { JsonObject } from '#base/mod.ts';
import { equal, messageOf } from '#base/mod.ts';
import type { Reader } from '#engine/mod.ts';
import type { ChannelTemplate, KReference } from '#kinds/mod.ts';
import type { Broker } from '#kinds/mod.ts';
import {
  BROKER_EVERYTHING_LABEL,
  BROKER_LABEL,
  Channel,
  CHANNEL_TEMPLATE_KEYS,
  ConfigMap,
  InMemoryChannel,
  readChannelTemplate,
  SCOPE_ANNOTATION,
} from '#kinds/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import { brokerChannelName } from '../names.ts';

/** Any kind of channel: all have the same spec and status. */
export type AnyChannel = InMemoryChannel;

/** Kinds of channels that the platform has. */
export const channelKinds: readonly Kind<AnyChannel>[] = [InMemoryChannel, Channel];

/** The kind that a template or reference names. */
export function channelKind({
  apiVersion,
  kind,
}: Pick<KReference, 'apiVersion' | 'kind'>): Kind<AnyChannel> | undefined {
  return channelKinds.find((one) => one.apiVersion === apiVersion && one.kind === kind);
}

export type FoundTemplate =
  | { readonly kind: Kind<AnyChannel>; readonly template: ChannelTemplate }
  | { readonly fault: string };

/** The channel that a Broker's configuration asks for. */
export function templateOf({ spec: { config } }: Broker, reader: Reader): FoundTemplate {
  if (!config) return { fault: 'failed to find channelTemplate' };
  const { kind, name = '', namespace = '' } = config;
  if (kind !== 'ConfigMap')
    return {
      fault: 'Broker.Spec.Config configuration not supported, only [kind: ConfigMap, apiVersion: v1]',
    };
  if (!name || !namespace) return { fault: 'Broker.Spec.Config name and namespace are required' };
  const configMap = reader.get(ConfigMap, namespace, name);
  if (!configMap) return { fault: `configmap ${JSON.stringify(name)} not found` };
  const text = CHANNEL_TEMPLATE_KEYS.map((key) => configMap.data?.[key]).find(Boolean);
  if (!text) return { fault: 'failed to find channelTemplate' };
  try {
    const template = readChannelTemplate(text);
    const found = channelKind(template);
    if (found) return { kind: found, template };
    return {
      fault: `no matches for kind ${JSON.stringify(template.kind)} in version ${JSON.stringify(template.apiVersion)}`,
    };
  } catch (thrown) {
    return { fault: messageOf(thrown) };
  }
}

const MESSAGING = 'messaging.knative.dev';

/** The channel as the Broker wants it. */
export function channelOf(
  { metadata, spec }: Broker,
  { kind, template }: { readonly kind: Kind<AnyChannel>; readonly template: ChannelTemplate },
): AnyChannel {
  const passedOn = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith(MESSAGING));
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: {
      name: brokerChannelName(metadata.name),
      namespace: metadata.namespace ?? '',
      labels: { [BROKER_LABEL]: metadata.name, [BROKER_EVERYTHING_LABEL]: 'true' },
      annotations: { [SCOPE_ANNOTATION]: 'cluster', ...Object.fromEntries(passedOn) },
    },
    spec: {
      ...template.spec,
      ...(spec.delivery ? { delivery: spec.delivery } : {}),
    },
  };
}

/** What of a channel must change, as a merge patch; undefined where nothing must. Its subscribers are not the Broker's to write. */
export function channelPatch(there: AnyChannel, wanted: AnyChannel): JsonObject | undefined {
  const labels = differing(there.metadata.labels, wanted.metadata.labels);
  const annotations = differing(there.metadata.annotations, wanted.metadata.annotations);
  const isSame = equal(there.spec.delivery, wanted.spec.delivery);
  if (!labels && !annotations && isSame) return undefined;
  const metadata = { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
  // A patch lays one delivery over another, so that what is to go is named.
  const gone = Object.keys(there.spec.delivery ?? {}).map((field) => [field, null] as const);
  const delivery = wanted.spec.delivery ? { ...Object.fromEntries(gone), ...wanted.spec.delivery } : null;
  return { metadata, ...(isSame ? {} : { spec: { delivery } }) };
}

type Words = Readonly<Record<string, string>>;

function differing(there: Words = {}, wanted: Words = {}): Words | undefined {
  const entries = Object.entries(wanted).filter(([key, value]) => there[key] !== value);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
