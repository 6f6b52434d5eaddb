// config-features of Eventing: which of its behaviours are switched on.

import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { EVENTING_NAMESPACE } from '../labels.ts';
import { words } from './settings.ts';

export type EventingFeature =
  | 'kreference-group'
  | 'delivery-retryafter'
  | 'delivery-timeout'
  | 'kreference-mapping'
  | 'eventtype-auto-create'
  | 'authentication-oidc'
  | 'cross-namespace-event-links'
  | 'new-apiserversource-filters';
export type TransportEncryption = 'disabled' | 'permissive' | 'strict';
/** Who may send where no event policy applies. */
export type AuthorizationMode = 'allow-all' | 'deny-all' | 'allow-same-namespace';

const NODE_SELECTOR = 'apiserversources-nodeselector-';

const switchedOff = (doc: string) => words('disabled', doc);

const rows = {
  'kreference-group': switchedOff('Whether references may name a group alone, in place of a group and version.'),
  'delivery-retryafter': switchedOff('Whether delivery.retryAfterMax may be set.'),
  'delivery-timeout': words('enabled', 'Whether delivery.timeout may be set.'),
  'kreference-mapping': switchedOff('Whether config-kreference-mapping says where objects of a kind are reached.'),
  'transport-encryption': switchedOff(
    'Whether addresses speak TLS: disabled, permissive, which has both, or strict, which has nothing else.',
  ),
  'eventtype-auto-create': switchedOff('Whether an EventType is made for each type of event that comes in.'),
  'authentication-oidc': switchedOff('Whether senders of events must say who they are, and event policies hold.'),
  'default-authorization-mode': words(
    'allow-same-namespace',
    'Who may send where no event policy applies: allow-all, deny-all, or allow-same-namespace.',
  ),
  'cross-namespace-event-links': switchedOff('Whether Triggers and Subscriptions may reach into other namespaces.'),
  'new-apiserversource-filters': switchedOff('Whether an ApiServerSource may have filters.'),
  'oidc-discovery-base-url': words('https://kubernetes.default.svc', 'Where the keys of tokens are found.'),
  'requestreply-default-timeout': words('PT30S', 'How long a RequestReply waits for its reply where it says nothing.'),
} as const;

export const eventingFeaturesConfig = defineConfigMap('config-features', rows, {
  namespace: EVENTING_NAMESPACE,
  component: 'config-features',
  doc: `Values are enabled and disabled where nothing else is said. Labels of nodes for ApiServerSources are ${NODE_SELECTOR}LABEL.`,
  derive: (values, data) => {
    const flag = (key: string): string =>
      (Object.entries(data).find(([name]) => name.trim() === key)?.[1] ?? rowDefault(key)).toLowerCase();
    return {
      isEnabled: (feature: EventingFeature): boolean => flag(feature) === 'enabled',
      encryption: oneOf<TransportEncryption>(flag('transport-encryption'), ['permissive', 'strict'], 'disabled'),
      /** What holds without policies; a word that is none of the three lets nobody in. */
      authorizationMode: oneOf<AuthorizationMode>(
        flag('default-authorization-mode'),
        ['allow-all', 'allow-same-namespace'],
        'deny-all',
      ),
      /** Labels of the nodes that ApiServerSources may run on. */
      nodeSelector: (): Readonly<Record<string, string>> => nodeSelectorOf(data),
      requestReplyTimeout: values.requestreplyDefaultTimeout,
    };
  },
});
export type EventingFeatures = ConfigOf<typeof eventingFeaturesConfig>;

function rowDefault(key: string): string {
  return Object.entries(rows).find(([name]) => name === key)?.[1].fallback ?? '';
}

function oneOf<W extends string>(word: string, allowed: readonly W[], otherwise: W): W {
  return allowed.find((one) => one === word) ?? otherwise;
}

function nodeSelectorOf(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const labels = Object.entries(data).filter(([key]) => !key.startsWith('_') && key.includes(NODE_SELECTOR));
  return Object.fromEntries(labels.map(([key, value]) => [key.trim().replace(NODE_SELECTOR, ''), value.trim()]));
}
