// The roles that Knative Eventing ships: what may look up addresses, write subscribers, inject into workloads; and what users may.

import type { RoleSeed } from './role-seeds.ts';
import { aggregatesTo, ALL, clusterRole, gathered, on, READ } from './role-seeds.ts';

const EVENTING = { 'app.kubernetes.io/name': 'knative-eventing' };
const ADDRESSABLE = { ...EVENTING, 'duck.knative.dev/addressable': 'true' };
const CHANNELABLE = { ...EVENTING, 'duck.knative.dev/channelable': 'true' };
const PODSPECABLE = { ...EVENTING, 'duck.knative.dev/podspecable': 'true' };
const SOURCE = { ...EVENTING, 'duck.knative.dev/source': 'true' };
const SUBSCRIBABLE = { ...EVENTING, 'duck.knative.dev/crossnamespace-subscribable': 'true' };

const GROUPS = [
  'eventing.knative.dev',
  'messaging.knative.dev',
  'sources.knative.dev',
  'flows.knative.dev',
  'bindings.knative.dev',
  'sinks.knative.dev',
  'sources.ebb.dev',
];
const WRITE = ['create', 'get', 'list', 'watch', 'update', 'patch', 'delete'];

const withStatus = (...plurals: string[]): string[] => plurals.flatMap((plural) => [plural, `${plural}/status`]);

/** Part of `addressable-resolver`: may read these kinds, which tell addresses. */
const resolves = (name: string, group: string, ...plurals: string[]): RoleSeed =>
  clusterRole(`${name}-addressable-resolver`, ADDRESSABLE, [on([group], withStatus(...plurals), READ)]);

const subscribes = (name: string, group: string, plural: string): RoleSeed =>
  clusterRole(`${name}-subscriber`, SUBSCRIBABLE, [on([group], [plural], ['knsubscribe'])]);

const administers = (name: string): RoleSeed =>
  clusterRole(`knative-${name}-namespaced-admin`, { ...EVENTING, ...aggregatesTo('admin') }, [
    on([`${name}.knative.dev`], ALL, ALL),
  ]);

const bindable = (name: string, labels: Record<string, string>, groups: Readonly<Record<string, readonly string[]>>) =>
  clusterRole(
    name,
    labels,
    Object.entries(groups).map(([group, resources]) => on([group], resources, ['list', 'watch', 'patch'])),
  );

export const eventingRoles: readonly RoleSeed[] = [
  gathered('addressable-resolver', EVENTING, { 'duck.knative.dev/addressable': 'true' }),
  clusterRole('service-addressable-resolver', ADDRESSABLE, [on([''], ['services'], READ)]),
  resolves('serving', 'serving.knative.dev', 'routes', 'services'),
  clusterRole('channel-addressable-resolver', ADDRESSABLE, [
    on(['messaging.knative.dev'], withStatus('channels'), READ),
    on(['messaging.knative.dev'], ['channels/finalizers'], ['update']),
  ]),
  resolves('imc', 'messaging.knative.dev', 'inmemorychannels'),
  resolves('broker', 'eventing.knative.dev', 'brokers'),
  resolves('flows', 'flows.knative.dev', 'sequences', 'parallels'),
  resolves('kafkasinks', 'eventing.knative.dev', 'kafkasinks'),
  resolves('jobsinks', 'sinks.knative.dev', 'jobsinks'),
  resolves('integrationsinks', 'sinks.knative.dev', 'integrationsinks'),
  resolves('eventtransforms', 'eventing.knative.dev', 'eventtransforms'),
  gathered('channelable-manipulator', EVENTING, { 'duck.knative.dev/channelable': 'true' }),
  clusterRole('meta-channelable-manipulator', CHANNELABLE, [
    on(['messaging.knative.dev'], withStatus('channels'), WRITE),
  ]),
  clusterRole('imc-channelable-manipulator', CHANNELABLE, [
    on(['messaging.knative.dev'], withStatus('inmemorychannels'), WRITE),
  ]),
  gathered('podspecable-binding', EVENTING, { 'duck.knative.dev/podspecable': 'true' }),
  bindable('builtin-podspecable-binding', PODSPECABLE, {
    apps: ['deployments', 'daemonsets', 'replicasets', 'statefulsets'],
    batch: ['jobs'],
  }),
  gathered('source-observer', EVENTING, { 'duck.knative.dev/source': 'true' }),
  clusterRole('eventing-sources-source-observer', SOURCE, [
    on(
      ['sources.knative.dev'],
      ['apiserversources', 'pingsources', 'sinkbindings', 'containersources', 'integrationsources'],
      READ,
    ),
  ]),
  clusterRole('ebb-sources-source-observer', SOURCE, [
    on(['sources.knative.dev'], ['kafkasources', 'githubsources'], READ),
    on(['sources.ebb.dev'], ['webhooksources'], READ),
  ]),
  gathered('crossnamespace-subscriber', EVENTING, { 'duck.knative.dev/crossnamespace-subscribable': 'true' }),
  subscribes('broker', 'eventing.knative.dev', 'brokers'),
  subscribes('channel', 'messaging.knative.dev', 'channels'),
  subscribes('imc', 'messaging.knative.dev', 'inmemorychannels'),
  clusterRole('eventing-broker-filter', EVENTING, [
    on([''], ['configmaps'], READ),
    on(['eventing.knative.dev'], withStatus('triggers'), READ),
  ]),
  clusterRole('eventing-broker-ingress', EVENTING, [on([''], ['configmaps'], READ)]),
  clusterRole('eventing-config-reader', EVENTING, [on([''], ['configmaps'], READ)]),
  ...['eventing', 'messaging', 'flows', 'sources', 'bindings', 'sinks'].map(administers),
  clusterRole('ebb-sources-namespaced-admin', { ...EVENTING, ...aggregatesTo('admin') }, [
    on(['sources.ebb.dev'], ALL, ALL),
  ]),
  clusterRole('knative-eventing-namespaced-edit', { ...EVENTING, ...aggregatesTo('edit') }, [
    on(GROUPS, ALL, ['create', 'update', 'patch', 'delete']),
  ]),
  clusterRole('knative-eventing-namespaced-view', { ...EVENTING, ...aggregatesTo('view') }, [on(GROUPS, ALL, READ)]),
  clusterRole('knative-eventing-eventpolicy-reader', { ...EVENTING, ...aggregatesTo('view') }, [
    on(['eventing.knative.dev'], ['eventpolicies'], READ),
  ]),
];
