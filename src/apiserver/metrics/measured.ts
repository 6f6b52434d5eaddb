// metrics.k8s.io: what Pods and nodes use, answered from the node's own measurements. Nothing of it is stored.

import type { Kind, KubeObject } from '#machinery/mod.ts';
import { notFound } from '#machinery/mod.ts';
import { NodeMetrics, PodMetrics } from '#kinds/mod.ts';
import { selectionOf } from '#objects/mod.ts';
import { sendObject } from '../exchange.ts';
import { listQuery } from '../request/query.ts';
import { representationOf, shown, shownList } from '../representation.ts';
import type { ApiServices, Handler } from '../services.ts';
import { notImplemented } from '../subresources/not-implemented.ts';
import { listOptions } from '../verbs/reading.ts';

/** The handlers of a kind that is measured, by verb; undefined for every other kind. */
export function measuredOf(kind: Kind): Readonly<Record<string, Handler>> | undefined {
  return kind.resource === PodMetrics.resource || kind.resource === NodeMetrics.resource ? { get, list } : undefined;
}

const get: Handler = async (exchange, { kind, namespace, name }, services) => {
  const representation = representationOf(exchange, services.clock.now());
  const found = all(kind, namespace, services).find(({ metadata }) => metadata.name === name);
  if (!found) throw notFound({ group: kind.group, plural: kind.names.plural }, name);
  await sendObject(exchange, 200, shown(kind, found, representation), representation.form);
};

const list: Handler = async (exchange, target, services) => {
  const representation = representationOf(exchange, services.clock.now());
  const { matches = () => true } = selectionOf(target.kind, listOptions(target, listQuery(exchange.query, false)));
  const items = all(target.kind, target.namespace, services).filter(matches);
  await sendObject(exchange, 200, shownList(target.kind, items, {}, representation), representation.form);
};

function all(kind: Kind, namespace: string, { resourceMetrics }: ApiServices): readonly KubeObject[] {
  if (!resourceMetrics) throw notImplemented('the use of resources');
  return kind.resource === NodeMetrics.resource
    ? resourceMetrics.nodes()
    : resourceMetrics.pods(namespace || undefined);
}
