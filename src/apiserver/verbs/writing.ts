// create, update and patch of whole objects and of their status.

import type { JsonObject } from '#base/mod.ts';
import { isRecord } from '#base/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import { badRequest } from '#machinery/mod.ts';
import type { PatchBody, WriteOptions, Written } from '#objects/mod.ts';
import type { Exchange } from '../exchange.ts';
import { sendObject, warn } from '../exchange.ts';
import { objectIn, readObject, readValue } from '../request/body.ts';
import type { PatchForm } from '../request/media.ts';
import { patchFormOf } from '../request/media.ts';
import type { WriteQuery } from '../request/query.ts';
import { writeQuery } from '../request/query.ts';
import { representationOf, shown } from '../representation.ts';
import type { ApiServices, Handler, Target } from '../services.ts';

/** Who writes, and how, from what the query said. */
export function writeOptions(
  { user }: Exchange,
  { dryRun, fieldManager, fieldValidation, force }: WriteQuery,
): WriteOptions {
  return { user, dryRun, fieldManager, fieldValidation, force };
}

export const create: Handler = async (exchange, target, services) => {
  const query = writeQuery(exchange.query, 'CreateOptions', exchange.request.headers['user-agent']);
  const object = await readObject(exchange, target.kind, query.fieldValidation);
  const written = await services.registry.create(target.kind, target.namespace, object, writeOptions(exchange, query));
  await answer(exchange, target, services, written, 201);
};

/** An update of a subresource, or of the object itself where none is named. */
export function update(subresource?: string): Handler {
  return async (exchange, target, services) => {
    const query = writeQuery(exchange.query, 'UpdateOptions', exchange.request.headers['user-agent']);
    const object = await readObject(exchange, target.kind, query.fieldValidation);
    const written = await services.registry.update(target.kind, target, object, {
      ...writeOptions(exchange, query),
      ...(subresource ? { subresource } : {}),
    });
    await answer(exchange, target, services, written, 200);
  };
}

/** A patch of a subresource, or of the object itself where none is named. An apply may create. */
export function patch(subresource?: string): Handler {
  return async (exchange, target, services) => {
    const { form, body, query } = await readPatch(exchange, target.kind);
    const written = await services.registry.patch(target.kind, target, form, body, {
      ...writeOptions(exchange, query),
      ...(subresource ? { subresource } : {}),
    });
    await answer(exchange, target, services, written, written.created ? 201 : 200);
  };
}

/** A patch as it came, with its options. Throws 400, 415 and 422. */
export async function readPatch(
  exchange: Exchange,
  kind: Kind,
): Promise<{ form: PatchForm; body: PatchBody; query: WriteQuery }> {
  const { headers } = exchange.request;
  const form = patchFormOf(headers['content-type'], !kind.custom);
  const query = writeQuery(exchange.query, 'PatchOptions', headers['user-agent'], form === 'apply');
  const value = await readValue(exchange, form === 'apply' ? 'yaml' : 'json');
  return { form, body: patchBodyOf(form, value, kind), query };
}

function patchBodyOf(form: PatchForm, value: unknown, kind: Kind): PatchBody {
  if (form !== 'json') return objectIn(value, kind.kind);
  if (Array.isArray(value) && value.every(isRecord)) return value as JsonObject[];
  throw badRequest('the body of a JSON patch must be a list of operations');
}

/** Answers with what was written. */
export async function answer(
  exchange: Exchange,
  { kind }: Target,
  { clock }: ApiServices,
  { object, warnings }: Pick<Written, 'object' | 'warnings'>,
  code: number,
): Promise<void> {
  const representation = representationOf(exchange, clock.now());
  warn(exchange, warnings);
  await sendObject(exchange, code, shown(kind, object, representation), representation.form);
}
