// pods/eviction and pods/binding: a polite deletion, and the word of a scheduler.

import type { JsonObject } from '#base/mod.ts';
import { copy, isRecord } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { badRequest, conflict, invalid, Problems } from '#machinery/mod.ts';
import type { Exchange } from '../exchange.ts';
import { sendObject } from '../exchange.ts';
import { objectIn, readValue } from '../request/body.ts';
import { deleteOptionsOf } from '../request/delete-options.ts';
import { bodyTypeOf } from '../request/media.ts';
import { writeQuery } from '../request/query.ts';
import type { Handler } from '../services.ts';
import { removeOne } from '../verbs/deleting.ts';
import { standing } from '../verbs/reading.ts';
import { writeOptions } from '../verbs/writing.ts';
import { checkPlace } from './body-place.ts';

const SUCCESS = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

async function readBodyOf(exchange: Exchange, kind: string): Promise<JsonObject> {
  const body = objectIn(await readValue(exchange, bodyTypeOf(exchange.request.headers['content-type'])), kind);
  if (body['kind'] && body['kind'] !== kind)
    throw badRequest(
      `the kind in the data (${JSON.stringify(body['kind'])}) does not match the expected kind (${kind})`,
    );
  return body;
}

/** policy/v1 Eviction: deletes the Pod with the options of the body. */
export const evict: Handler = async (exchange, target, services) => {
  const query = writeQuery(exchange.query, 'CreateOptions');
  const body = await readBodyOf(exchange, 'Eviction');
  checkPlace(body, target);
  const given = body['deleteOptions'];
  const options = deleteOptionsOf(isRecord(given) ? given : {});
  await removeOne(target, { ...options, dryRun: options.dryRun || query.dryRun }, exchange.user, services);
  await sendObject(exchange, 201, SUCCESS);
};

/** core/v1 Binding: puts the Pod on the node that the body names. */
export const bind: Handler = async (exchange, target, services) => {
  const query = writeQuery(exchange.query, 'CreateOptions', exchange.request.headers['user-agent']);
  const body = await readBodyOf(exchange, 'Binding');
  checkPlace(body, target);
  const node = nodeIn(body, target.name);
  const pod = copy(standing(services.store, target) as Pod);
  if (pod.spec.nodeName)
    throw conflict(
      { group: '', plural: 'pods/binding' },
      target.name,
      `pod ${target.name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`,
    );
  pod.spec.nodeName = node;
  await services.registry.update(target.kind, target, pod, {
    ...writeOptions(exchange, query),
    subresource: 'binding',
  });
  await sendObject(exchange, 201, SUCCESS);
};

function nodeIn({ target }: JsonObject, name: string): string {
  const problems = new Problems('target');
  const { kind, name: node } = isRecord(target) ? target : {};
  if (kind && kind !== 'Node') problems.notSupported('kind', kind, ['Node', '<empty>']);
  if (typeof node !== 'string' || !node) problems.required('name');
  if (!problems.isEmpty) throw invalid({ group: '', kind: 'Binding' }, name, problems.all);
  return node as string;
}
