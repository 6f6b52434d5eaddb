// Pods that are gone but whose logs are kept: `ended=true` in the query of a list of Pods, or of the log of one.

import type { Pod } from '#kinds/mod.ts';
import { Pod as PodKind } from '#kinds/mod.ts';
import { notFound, parseLabelSelector } from '#machinery/mod.ts';
import type { Exchange } from '../exchange.ts';
import { sendObject } from '../exchange.ts';
import { isTrue } from '../request/request-info.ts';
import { representationOf, shownList } from '../representation.ts';
import type { ApiServices, Target } from '../services.ts';

export function asksForEnded({ query }: Exchange): boolean {
  return isTrue(query.get('ended'));
}

/** Answers a list of Pods with those that are gone. */
export async function listEnded(exchange: Exchange, { namespace }: Target, services: ApiServices): Promise<void> {
  const representation = representationOf(exchange, services.clock.now());
  const selector = parseLabelSelector(exchange.query.get('labelSelector') ?? '');
  const pods = (await services.podStreams?.ended?.(namespace)) ?? [];
  const items = pods.filter(({ metadata }) => selector.matches(metadata.labels));
  const metadata = { resourceVersion: services.store.listRevision };
  await sendObject(exchange, 200, shownList(PodKind, items, metadata, representation), representation.form);
}

/** The Pod of that name that ended last. Throws 404 where none is kept. */
export async function endedPod({ namespace, name }: Target, { podStreams }: ApiServices): Promise<Pod> {
  const pods = (await podStreams?.ended?.(namespace)) ?? [];
  const found = pods.findLast(({ metadata }) => metadata.name === name);
  if (!found) throw notFound({ group: '', plural: 'pods' }, name);
  return found;
}
