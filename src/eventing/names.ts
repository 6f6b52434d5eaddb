// Names in the network and of children, as Knative Eventing gives them.

import {
  BROKER_FILTER,
  BROKER_INGRESS,
  CHANNEL_DISPATCHER,
  CLUSTER_DOMAIN,
  EVENTING_NAMESPACE,
  REQUEST_REPLY,
} from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { childName } from '#machinery/mod.ts';

/** The host of a Service of knative-eventing. */
export const systemHost = (service: string): string => `${service}.${EVENTING_NAMESPACE}.svc.${CLUSTER_DOMAIN}`;

/** The spellings of a host within the cluster, and one that a browser of this machine resolves. */
export function spellingsOf(service: string, namespace: string): string[] {
  const short = `${service}.${namespace}`;
  return [`${short}.svc.${CLUSTER_DOMAIN}`, `${short}.svc`, short, `${short}.localhost`];
}

/** The channel behind a Broker. */
export const brokerChannelName = (broker: string): string => childName(broker, '-kne-trigger');

/** The Service by whose name an InMemoryChannel is reached. */
export const channelServiceName = (channel: string): string => childName(channel, '-kn-channel');

export const brokerUrl = (scheme: string, namespace: string, name: string): string =>
  `${scheme}://${systemHost(BROKER_INGRESS)}/${namespace}/${name}`;

export const requestReplyUrl = (scheme: string, namespace: string, name: string): string =>
  `${scheme}://${systemHost(REQUEST_REPLY)}/${namespace}/${name}`;

export const channelUrl = (namespace: string, name: string): string =>
  `http://${channelServiceName(name)}.${namespace}.svc.${CLUSTER_DOMAIN}`;

/** The address by TLS, which all channels have in common. */
export const secureChannelUrl = (namespace: string, name: string): string =>
  `https://${systemHost(CHANNEL_DISPATCHER)}/${namespace}/${name}`;

/** Where a Trigger's Subscription sends events, as Knative has it. Here it only names the Trigger. */
export function filterUrl(scheme: string, { metadata }: KubeObject): string {
  return `${scheme}://${systemHost(BROKER_FILTER)}/triggers/${metadata.namespace}/${metadata.name}/${metadata.uid}`;
}

const FILTER_URL = new RegExp(
  `^https?://${systemHost(BROKER_FILTER).replaceAll('.', '\\.')}/triggers/([^/]+)/([^/]+)/([^/]+)$`,
);

/** The Trigger that such a URL names; undefined where it is another URL. */
export function triggerOf(url: string): { namespace: string; name: string; uid: string } | undefined {
  const [, namespace, name, uid] = FILTER_URL.exec(url) ?? [];
  return namespace && name && uid ? { namespace, name, uid } : undefined;
}
