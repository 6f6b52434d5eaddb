// Notes on Revisions and Configurations which Routes lead to them, and since when.

import type { JsonObject } from '#base/mod.ts';
import { rfc3339 } from '#base/mod.ts';
import type { Reader, Turn } from '#engine/mod.ts';
import { defineController, index, watch } from '#engine/mod.ts';
import {
  Configuration,
  Revision,
  Route,
  ROUTE_FINALIZER,
  ROUTES_ANNOTATION,
  ROUTING_STATE_LABEL,
  ROUTING_STATE_MODIFIED_ANNOTATION,
} from '#kinds/mod.ts';
import type { Kind, ObjectKey } from '#machinery/mod.ts';
import { findCondition, isReason, keyOf } from '#machinery/mod.ts';
import { listOf } from '../metadata.ts';

type LabelTurn = Turn<Route>;

const BY_ROUTE = 'serving/noted-by-route';

/** What a Route leads to, by name. */
interface Reach {
  readonly configurations: ReadonlySet<string>;
  readonly revisions: ReadonlySet<string>;
}

export const labelerController = defineController({
  name: 'labeler-controller',
  lingerMs: 5,
  of: Route,
  reads: [Configuration, Revision],
  watches: [
    watch(Configuration, (configuration, reader) => routesOf(reader, configuration)),
    watch(Revision, (revision, reader) => routesOf(reader, revision)),
  ],
  indexes: [index(Configuration, BY_ROUTE, notedRoutes), index(Revision, BY_ROUTE, notedRoutes)],
  finalizer: ROUTE_FINALIZER,
  status: 'none',

  async reconcile(turn) {
    const reach = reachOf(turn);
    await note(turn, reach);
    // While it is not known where traffic goes, nothing is taken away.
    const ready = findCondition(turn.object.status, 'Ready')?.status;
    if (ready === 'True' || ready === 'False') await forget(turn, reach);
  },

  finalize: (turn) => forget(turn, { configurations: new Set(), revisions: new Set() }),
});

function notedRoutes({ metadata }: Configuration | Revision): ObjectKey[] {
  return listOf(metadata.annotations?.[ROUTES_ANNOTATION]).map((route) => `${metadata.namespace}/${route}`);
}

/** The Routes noted on an object; for a Configuration that is new, those of its own name too. */
function routesOf(reader: Reader, object: Configuration | Revision): ObjectKey[] {
  const { metadata } = object;
  const named = reader.get(Route, metadata.namespace ?? '', metadata.name);
  return [...notedRoutes(object), ...(named ? [keyOf(named)] : [])];
}

function reachOf(turn: LabelTurn): Reach {
  const { metadata, spec, status } = turn.object;
  const namespace = metadata.namespace ?? '';
  const configurations = new Set<string>();
  const revisions = new Set<string>();
  for (const { configurationName, revisionName, latestRevision } of [
    ...(spec.traffic ?? []),
    ...(status?.traffic ?? []),
  ]) {
    if (revisionName) revisions.add(revisionName);
    const owner = revisionName ? ownerOf(turn, namespace, revisionName) : undefined;
    const name = configurationName || owner;
    if (!name) continue;
    configurations.add(name);
    // The newest Revision is to have its minimum of copies before traffic comes to it.
    const latest = turn.get(Configuration, namespace, name)?.status?.latestCreatedRevisionName;
    if ((configurationName || latestRevision) && latest) revisions.add(latest);
  }
  return { configurations, revisions };
}

function ownerOf(turn: LabelTurn, namespace: string, revision: string): string | undefined {
  return turn.get(Revision, namespace, revision)?.metadata.ownerReferences?.find(({ controller }) => controller)?.name;
}

async function note(turn: LabelTurn, { configurations, revisions }: Reach): Promise<void> {
  const { namespace = '', name: route } = turn.object.metadata;
  for (const name of revisions) {
    const revision = turn.get(Revision, namespace, name);
    if (revision) await write(turn, Revision, revision, [...noted(revision), route]);
  }
  for (const name of configurations) {
    const configuration = turn.get(Configuration, namespace, name);
    if (configuration) await write(turn, Configuration, configuration, [...noted(configuration), route]);
  }
}

async function forget(turn: LabelTurn, { configurations, revisions }: Reach): Promise<void> {
  const { namespace = '', name: route } = turn.object.metadata;
  const key = `${namespace}/${route}`;
  for (const revision of turn.byIndex(Revision, BY_ROUTE, key))
    if (!revisions.has(revision.metadata.name)) await write(turn, Revision, revision, without(noted(revision), route));
  for (const configuration of turn.byIndex(Configuration, BY_ROUTE, key))
    if (!configurations.has(configuration.metadata.name))
      await write(turn, Configuration, configuration, without(noted(configuration), route));
}

function noted({ metadata }: Configuration | Revision): readonly string[] {
  return listOf(metadata.annotations?.[ROUTES_ANNOTATION]);
}

function without(routes: readonly string[], route: string): string[] {
  return routes.filter((one) => one !== route);
}

/** Writes which Routes there are; a Revision also says whether any leads to it. */
async function write(
  turn: LabelTurn,
  kind: Kind,
  object: Configuration | Revision,
  routes: readonly string[],
): Promise<void> {
  const { namespace = '', name, labels, annotations, deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined) return;
  const list = [...new Set(routes)].sort().join(',');
  const state = list ? 'active' : 'reserve';
  const isRevision = object.kind === Revision.kind;
  const sameState = !isRevision || labels?.[ROUTING_STATE_LABEL] === state;
  if ((annotations?.[ROUTES_ANNOTATION] ?? '') === list && sameState) return;
  const stamp: JsonObject = sameState ? {} : { [ROUTING_STATE_MODIFIED_ANNOTATION]: rfc3339(turn.now) };
  const patch = {
    metadata: {
      annotations: { [ROUTES_ANNOTATION]: list || null, ...stamp },
      ...(sameState ? {} : { labels: { [ROUTING_STATE_LABEL]: state } }),
    },
  };
  await turn.client.patch(kind, namespace, name, 'merge', patch).catch((thrown: unknown) => {
    // It went with the Route's owner.
    if (!isReason(thrown, 'NotFound')) throw thrown;
  });
}
