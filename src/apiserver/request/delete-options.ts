// DeleteOptions: in the body (JSON, YAML or protobuf), in the query, or in both; the body wins.

import { isRecord } from '#base/mod.ts';
import { badRequest, invalid, Problems } from '#machinery/mod.ts';
import type { DeleteOptions } from '#objects/mod.ts';
import type { Exchange } from '../exchange.ts';
import { readValue } from './body.ts';
import { bodyTypeOf } from './media.ts';
import { dryRunOf, whole } from './query.ts';
import { isTrue } from './request-info.ts';

/** What a DELETE asks for. */
export type DeleteQuery = DeleteOptions & { readonly dryRun: boolean };

const PROPAGATION = ['Background', 'Foreground', 'Orphan'] as const;
type Propagation = (typeof PROPAGATION)[number];

/** Reads the options of a DELETE. Throws 400 and 422. */
export async function deleteQuery(exchange: Exchange): Promise<DeleteQuery> {
  const type = bodyTypeOf(exchange.request.headers['content-type']);
  const body = await readValue(exchange, type);
  if (body !== undefined && body !== null && !isRecord(body))
    throw badRequest('the body of a DELETE must be DeleteOptions');
  return deleteOptionsOf(body ? { ...fromQuery(exchange.query), ...body } : fromQuery(exchange.query));
}

function fromQuery(query: URLSearchParams): Record<string, unknown> {
  const grace = whole(query, 'gracePeriodSeconds');
  const policy = query.get('propagationPolicy');
  const dryRun = query.getAll('dryRun');
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(policy ? { propagationPolicy: policy } : {}),
    ...(query.has('orphanDependents') ? { orphanDependents: isTrue(query.get('orphanDependents')) } : {}),
    ...(dryRun.length > 0 ? { dryRun } : {}),
  };
}

/** metav1.DeleteOptions as the registry takes them. Throws 422. */
export function deleteOptionsOf(options: Record<string, unknown>): DeleteQuery {
  const { gracePeriodSeconds: grace, preconditions, dryRun } = options;
  const propagation = propagationOf(options);
  const { uid, resourceVersion } = isRecord(preconditions) ? preconditions : {};
  return {
    dryRun: dryRunOf(Array.isArray(dryRun) ? dryRun : []),
    ...(propagation ? { propagation } : {}),
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}

function propagationOf({
  propagationPolicy: policy,
  orphanDependents: orphan,
}: Record<string, unknown>): Propagation | undefined {
  const problems = new Problems();
  const known = PROPAGATION.find((word) => word === policy);
  if (policy && !known) problems.notSupported('propagationPolicy', policy, PROPAGATION);
  if (policy && typeof orphan === 'boolean')
    problems.invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set');
  if (!problems.isEmpty) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', problems.all);
  if (known || typeof orphan !== 'boolean') return known;
  return orphan ? 'Orphan' : 'Background';
}
