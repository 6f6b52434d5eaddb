// Keeps the watches of ApiServerSources as they say.

import { equal } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, settleIdentity, watch } from '#engine/mod.ts';
import type { Filter } from '#events/mod.ts';
import { filtering } from '#events/mod.ts';
import {
  API_SERVER_EVENT_TYPES,
  ApiServerSource,
  ClusterRole,
  ClusterRoleBinding,
  Deployment,
  eventingFeaturesConfig,
  Namespace,
  Role,
  RoleBinding,
  ServiceAccount,
  SKIP_PERMISSIONS_ANNOTATION,
} from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { keyOf, matchesLabelSelector } from '#machinery/mod.ts';
import type { SinkAddress, SinkResolver } from '../sinks.ts';
import { settleSink, watchSinks } from '../sinks.ts';
import { adapterName, adapterOf, adapterTold } from './children.ts';
import type { Mode } from './event.ts';
import type { MayDo } from './permissions.ts';
import { missingPermissions } from './permissions.ts';
import type { Watching, WatchOrder } from './watching.ts';

type ApiServerTurn = Turn<ApiServerSource>;

export interface ApiServerPorts {
  readonly sinks: SinkResolver;
  readonly watching: Pick<Watching, 'set' | 'stop'>;
  readonly mayDo: MayDo;
  readonly apiUrl: string;
  /** A kind that is served; kinds come and go with CustomResourceDefinitions. */
  readonly kindOf: (apiVersion: string, kind: string) => Kind | undefined;
  /** Calls when other kinds are served. Returns the stop. */
  readonly onKinds: (listen: () => void) => () => void;
}

const PERMISSION_KINDS = [Role, ClusterRole, RoleBinding, ClusterRoleBinding];

export function apiServerSourceController(ports: ApiServerPorts): ControllerDefinition<ApiServerSource> {
  const { sinks, watching } = ports;
  const watched = watchSinks(ApiServerSource, sinks);
  return defineController<ApiServerSource>({
    name: 'apiserver-source-controller',
    of: ApiServerSource,
    owns: [Deployment, ServiceAccount],
    watches: [
      ...watched.watches,
      watch(Namespace, (_namespace, reader) =>
        reader
          .list(ApiServerSource)
          .filter(({ spec }) => spec.namespaceSelector)
          .map(keyOf),
      ),
      ...PERMISSION_KINDS.map((kind) =>
        watch(kind as Kind, (_role, reader) => reader.list(ApiServerSource).map(keyOf)),
      ),
    ],
    indexes: watched.indexes,
    configs: [eventingFeaturesConfig],
    async reconcile(turn) {
      const address = settleSink(turn, sinks);
      const identity = (await settleIdentity(turn)) || undefined;
      const places = placesOf(turn);
      turn.status.namespaces = [...places.listed];
      tellAttributes(turn, ports.apiUrl);
      const order = address && orderOf(turn, { address, identity, places }, ports);
      const isRefused = turn.mark.get('SufficientPermissions')?.status === 'False';
      // Who hears that it is Ready may count on being seen.
      if (order) watching.set(turn.key, order);
      else watching.stop(turn.key);
      if (address && !isRefused) await applyAdapter(turn, address, places, order !== undefined);
    },
    forget: (key) => watching.stop(key),
    listen: (poke, reader) =>
      ports.onKinds(() => {
        for (const source of reader.list(ApiServerSource)) poke(keyOf(source));
      }),
  });
}

interface Places {
  /** The namespaces that are looked at; one empty name stands for all. */
  readonly listed: readonly string[];
  readonly all: boolean;
}

function placesOf(turn: ApiServerTurn): Places {
  const { namespaceSelector: selector } = turn.object.spec;
  if (!selector) return { listed: [turn.object.metadata.namespace ?? ''], all: false };
  const isEmpty = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
  if (isEmpty) return { listed: [''], all: true };
  const found = turn.list(Namespace).filter(({ metadata }) => matchesLabelSelector(selector, metadata.labels ?? {}));
  return { listed: found.map(({ metadata }) => metadata.name).sort(), all: false };
}

function tellAttributes({ object, status }: ApiServerTurn, apiUrl: string): void {
  const types = Object.values(API_SERVER_EVENT_TYPES[modeOf(object)]);
  status.ceAttributes = types.map((type) => ({ type, source: apiUrl }));
}

function modeOf({ spec }: ApiServerSource): Mode {
  return spec.mode === 'Resource' ? 'Resource' : 'Reference';
}

interface Settled {
  readonly address: SinkAddress;
  readonly identity: string | undefined;
  readonly places: Places;
}

/** What is to be watched; undefined where it may not be, which is said in the status. */
function orderOf(
  turn: ApiServerTurn,
  { address, identity, places }: Settled,
  ports: ApiServerPorts,
): WatchOrder | undefined {
  const { object, mark } = turn;
  if (!mayWatch(turn, places, ports.mayDo)) return undefined;
  const { resources = [], owner, filters, ceOverrides } = object.spec;
  const found = resources.map(({ apiVersion = '', kind = '' }) => ports.kindOf(apiVersion, kind));
  const at = found.indexOf(undefined);
  if (at >= 0) {
    const { apiVersion, kind } = resources[at] ?? {};
    mark.unknown('Deployed', 'KindNotServed', `no kind ${kind} of ${apiVersion} is served`);
    return undefined;
  }
  mark.true('Deployed');
  const sieve = filtering.sieve((filters ?? []) as readonly Filter[]);
  const namespaces = places.all ? undefined : new Set(places.listed);
  return {
    resources: found.flatMap((kind, i) =>
      kind ? [{ kind, interest: { namespaces, selector: resources[i]?.selector, owner } }] : [],
    ),
    mode: modeOf(object),
    passes: (event) => sieve.matches(event),
    overrides: ceOverrides,
    to: address,
    namespace: object.metadata.namespace ?? '',
    identity,
  };
}

const UNAVAILABLE = 'Deployment does not have minimum availability.';

/** Where permissions are not asked for beforehand, an adapter that may not watch does not come up. */
function mayWatch({ object, mark }: ApiServerTurn, { listed }: Places, mayDo: MayDo): boolean {
  const missing = missingPermissions(object, listed, mayDo);
  if (!missing || isSkipping(object)) mark.true('SufficientPermissions');
  else mark.false('SufficientPermissions', '', missing);
  if (!missing) return true;
  // An adapter that was not asked to look first ends at its first refusal, and its Deployment says so.
  if (isSkipping(object)) mark.false('Deployed', 'MinimumReplicasUnavailable', UNAVAILABLE);
  else mark.unknown('Deployed', 'DeploymentUnavailable', `The Deployment '${adapterName(object)}' is unavailable.`);
  return false;
}

const isSkipping = ({ metadata }: KubeObject): boolean =>
  metadata.annotations?.[SKIP_PERMISSIONS_ANNOTATION] === 'true';

/** The Deployment comes up as others do: first there, then available. Each step is an Event, as Knative's controller has them. */
async function applyAdapter(turn: ApiServerTurn, address: SinkAddress, places: Places, isUp: boolean): Promise<void> {
  const desired = adapterOf(turn.object, {
    namespaces: places.listed,
    allNamespaces: places.all,
    failFast: isSkipping(turn.object),
    nodeSelector: turn.config(eventingFeaturesConfig).nodeSelector(),
    sinkUrl: address.url,
  });
  const { outcome, object } = await turn.apply(Deployment, desired, { metadata: 'merge' });
  if (outcome === 'created') turn.event('Normal', 'ApiServerSourceDeploymentCreated', 'Deployment created');
  if (outcome === 'taken') return;
  const told = adapterTold(object, isUp && object.status !== undefined, turn.now);
  if (equal(told.status, object.status)) return;
  await turn.client.updateStatus(Deployment, told);
  turn.event('Normal', 'ApiServerSourceDeploymentUpdated', `Deployment "${object.metadata.name}" updated`);
}
