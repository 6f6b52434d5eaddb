// The scale subresource: how many, seen and set as an autoscaling/v1 Scale whatever the kind.

import type { JsonObject } from '#base/mod.ts';
import { at, copy, isRecord } from '#base/mod.ts';
import { Scale } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { applyPatch, invalid, labelSelectorText, Problems } from '#machinery/mod.ts';
import type { Exchange } from '../exchange.ts';
import { sendObject } from '../exchange.ts';
import { objectIn, readObject } from '../request/body.ts';
import type { WriteQuery } from '../request/query.ts';
import { writeQuery } from '../request/query.ts';
import { representationOf, shown } from '../representation.ts';
import type { ApiServices, Handler, Target } from '../services.ts';
import { standing } from '../verbs/reading.ts';
import { readPatch, writeOptions } from '../verbs/writing.ts';
import { checkPlace } from './body-place.ts';

export const getScale: Handler = (exchange, target, services) =>
  answer(exchange, target.kind, services, standing(services.store, target));

export const updateScale: Handler = async (exchange, target, services) => {
  const query = writeQuery(exchange.query, 'UpdateOptions', exchange.request.headers['user-agent']);
  const wanted = await readObject(exchange, Scale, query.fieldValidation);
  await setScale(exchange, target, services, wanted, query);
};

export const patchScale: Handler = async (exchange, target, services) => {
  const { form, body, query } = await readPatch(exchange, Scale);
  const now = scaleOf(target.kind, standing(services.store, target));
  const wanted = form === 'apply' ? objectIn(body, 'Scale') : applyPatch(form, now, body, Scale);
  await setScale(exchange, target, services, wanted, query);
};

async function setScale(
  exchange: Exchange,
  target: Target,
  services: ApiServices,
  wanted: JsonObject,
  query: WriteQuery,
): Promise<void> {
  const { kind } = target;
  checkPlace(wanted, target);
  const replicas = replicasIn(wanted, target.name);
  const version = at(wanted, ['metadata', 'resourceVersion']);
  const change: JsonObject = {
    ...nested(fieldsOf(kind.scale?.specReplicasPath ?? ''), replicas),
    ...(typeof version === 'string' && version ? { metadata: { resourceVersion: version } } : {}),
  };
  const { object } = await services.registry.patch(kind, target, 'merge', change, {
    ...writeOptions(exchange, query),
    subresource: 'scale',
  });
  await answer(exchange, kind, services, object);
}

async function answer(exchange: Exchange, kind: Kind, { clock }: ApiServices, object: KubeObject): Promise<void> {
  const representation = representationOf(exchange, clock.now());
  await sendObject(exchange, 200, shown(Scale, scaleOf(kind, object), representation), representation.form);
}

/** An object's numbers as a Scale. */
function scaleOf({ scale }: Kind, object: KubeObject): KubeObject & JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { specReplicasPath = '', statusReplicasPath = '', labelSelectorPath = '' } = scale ?? {};
  const selector = labelSelectorPath ? selectorText(at(object, fieldsOf(labelSelectorPath))) : '';
  const status = { replicas: numberAt(object, statusReplicasPath), ...(selector ? { selector } : {}) };
  const metadata = copy({ name, namespace, uid, resourceVersion, creationTimestamp });
  return {
    apiVersion: Scale.apiVersion,
    kind: Scale.kind,
    metadata,
    spec: { replicas: numberAt(object, specReplicasPath) },
    status,
  } as KubeObject & JsonObject;
}

function replicasIn({ spec }: JsonObject, name: string): number {
  const replicas = (isRecord(spec) ? spec['replicas'] : undefined) ?? 0;
  const problems = new Problems('spec');
  if (!Number.isInteger(replicas)) problems.invalid('replicas', replicas, 'must be a whole number');
  else if (Number(replicas) < 0) problems.invalid('replicas', replicas, 'must be greater than or equal to 0');
  if (!problems.isEmpty) throw invalid(Scale, name, problems.all);
  return Number(replicas);
}

/** `.spec.replicas` as field names. */
function fieldsOf(path: string): string[] {
  return path.split('.').filter((part) => part !== '');
}

function numberAt(object: unknown, path: string): number {
  const value = at(object, fieldsOf(path));
  return typeof value === 'number' ? value : 0;
}

function nested(path: readonly string[], value: number): JsonObject {
  const [field = '', ...rest] = path;
  return { [field]: rest.length > 0 ? nested(rest, value) : value };
}

/** A selector as `kubectl -l` takes it: text as it stands, a LabelSelector spelled out. */
function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  return isRecord(selector) ? labelSelectorText(selector) : '';
}
