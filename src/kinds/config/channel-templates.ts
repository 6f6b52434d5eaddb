// Which kind of channel stands behind: config-br-default-channel for Brokers, default-ch-webhook for Channels and flows.

import { isRecord, messageOf } from '#base/mod.ts';
import type { ChannelTemplate } from '../duck/subscribable.ts';
import { EVENTING_NAMESPACE } from '../labels.ts';
import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { parsed, PlainFault, yamlRecord } from './settings.ts';

const IN_MEMORY: ChannelTemplate = { apiVersion: 'messaging.knative.dev/v1', kind: 'InMemoryChannel' };
const SHIPPED_TEMPLATE = 'apiVersion: messaging.knative.dev/v1\nkind: InMemoryChannel\n';
const SHIPPED_DEFAULTS = `clusterDefault:
  apiVersion: messaging.knative.dev/v1
  kind: InMemoryChannel
`;

/** Under which key of a Broker's config map its channel is; older maps have the second spelling. */
export const CHANNEL_TEMPLATE_KEYS = ['channel-template-spec', 'channelTemplateSpec'] as const;
const [TEMPLATE_KEY] = CHANNEL_TEMPLATE_KEYS;

/** The channel of a Broker from the text under one of these keys. Throws an Error that says what is wrong. */
export function readChannelTemplate(raw: string): ChannelTemplate {
  const fields = yamlRecord(raw, 'v1.ChannelTemplateSpec') ?? {};
  const { apiVersion, kind, spec } = templateOf(fields, '');
  if (!apiVersion || !kind) throw new PlainFault(`a channel template has apiVersion and kind, but is ${raw.trim()}`);
  return { apiVersion, kind, ...(spec ? { spec } : {}) };
}

export const brokerChannelConfig = defineConfigMap(
  'config-br-default-channel',
  {
    [TEMPLATE_KEY]: parsed<ChannelTemplate>(
      IN_MEMORY,
      SHIPPED_TEMPLATE,
      'The channel behind each Broker whose configuration this is.',
      readChannelTemplate,
    ),
  },
  {
    namespace: EVENTING_NAMESPACE,
    component: 'config-br-default-channel',
    doc: '',
    seed: { [TEMPLATE_KEY]: SHIPPED_TEMPLATE },
  },
);

interface ChannelDefaults {
  readonly cluster?: ChannelTemplate | undefined;
  readonly namespaces: ReadonlyMap<string, ChannelTemplate>;
}
const DEFAULTS_KEY = 'default-ch-config';

export const channelDefaultsConfig = defineConfigMap(
  'default-ch-webhook',
  {
    [DEFAULTS_KEY]: parsed<ChannelDefaults>(
      readDefaults(SHIPPED_DEFAULTS),
      SHIPPED_DEFAULTS,
      'What stands behind Channels, Sequences and Parallels that do not say it: clusterDefault, and namespaceDefaults by namespace; apiVersion, kind and spec each.',
      readDefaults,
    ),
  },
  {
    namespace: EVENTING_NAMESPACE,
    component: 'default-ch-webhook',
    doc: '',
    seed: { [DEFAULTS_KEY]: SHIPPED_DEFAULTS },
    derive: ({ defaultChConfig: { cluster, namespaces } }) => ({
      /** What a Channel in this namespace gets; undefined where nothing is set. Flows ask without a namespace. */
      channelTemplateIn: (namespace: string): ChannelTemplate | undefined => namespaces.get(namespace) ?? cluster,
    }),
    checkData: (data) =>
      data[DEFAULTS_KEY] ? undefined : `ConfigMap is missing (or empty) key: ${JSON.stringify(DEFAULTS_KEY)}`,
  },
);
export type ChannelDefaultsConfig = ConfigOf<typeof channelDefaultsConfig>;

function readDefaults(raw: string): ChannelDefaults {
  try {
    const { clusterDefault, namespaceDefaults = {} } = yamlRecord(raw, 'config.ChannelDefaults') ?? {};
    if (!isRecord(namespaceDefaults)) throw new Error('namespaceDefaults must be a map');
    const namespaces = Object.entries(namespaceDefaults).map(
      ([name, value]) => [name, templateOf(value, `namespaceDefaults.${name}`)] as const,
    );
    return {
      ...(clusterDefault ? { cluster: templateOf(clusterDefault, 'clusterDefault') } : {}),
      namespaces: new Map(namespaces),
    };
  } catch (thrown) {
    throw new PlainFault(`Failed to parse the entry: ${messageOf(thrown)}`);
  }
}

function templateOf(value: unknown, path: string): ChannelTemplate {
  const place = path ? `${path}.` : '';
  if (!isRecord(value)) throw new PlainFault(`${path} must be a map, but is ${JSON.stringify(value)}`);
  const { apiVersion, kind, spec } = value;
  for (const [key, text] of Object.entries({ apiVersion, kind })) {
    if (text !== undefined && typeof text !== 'string')
      throw new PlainFault(`${place}${key} must be a text, but is ${JSON.stringify(text)}`);
  }
  if (spec !== undefined && spec !== null && !isRecord(spec))
    throw new PlainFault(`${place}spec must be a map, but is ${JSON.stringify(spec)}`);
  return value;
}
