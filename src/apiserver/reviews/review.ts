// Reviews are created but never kept: the question comes back with its answer as status.

import type { JsonObject } from '#base/mod.ts';
import { copy, isRecord } from '#base/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { badRequest } from '#machinery/mod.ts';
import type { Exchange } from '../exchange.ts';
import { sendObject } from '../exchange.ts';
import { readDecoded } from '../request/body.ts';
import { writeQuery } from '../request/query.ts';
import type { ApiServices, Handler, Target } from '../services.ts';
import { accessStatus, rulesStatus, subjectIn } from './access.ts';
import { selfStatus, tokenStatus } from './identity.ts';

interface Question {
  readonly spec: JsonObject;
  readonly exchange: Exchange;
  readonly target: Target;
  readonly services: ApiServices;
}

/** By resource, so that no kind of the same name elsewhere is taken for a review. */
const ANSWERS = new Map<string, (question: Question) => JsonObject>(
  Object.entries({
    'authorization.k8s.io/selfsubjectaccessreviews': ({ spec, exchange, services }) =>
      accessStatus(services.authorizer, exchange.user, spec),
    'authorization.k8s.io/subjectaccessreviews': ({ spec, services }) =>
      accessStatus(services.authorizer, subjectIn(spec), spec),
    'authorization.k8s.io/localsubjectaccessreviews': ({ spec, services, target }) =>
      accessStatus(services.authorizer, subjectIn(spec), inNamespace(spec, target.namespace)),
    'authorization.k8s.io/selfsubjectrulesreviews': ({ spec, exchange, services }) =>
      rulesStatus(services.authorizer, exchange.user, namespaceIn(spec)),
    'authentication.k8s.io/selfsubjectreviews': ({ exchange }) => selfStatus(exchange.user),
    'authentication.k8s.io/tokenreviews': ({ spec, services }) => tokenStatus(services.authenticator, spec),
  } satisfies Record<string, (question: Question) => JsonObject>),
);

/** Answers a review; undefined for a resource that is none. */
export function reviewOf(resource: string): Handler | undefined {
  const answer = ANSWERS.get(resource);
  if (!answer) return undefined;
  return async (exchange, target, services) => {
    const { fieldValidation } = writeQuery(exchange.query, 'CreateOptions');
    const object: KubeObject & { spec?: unknown } = await readDecoded(exchange, target.kind, fieldValidation);
    const spec = isRecord(object.spec) ? (object.spec as JsonObject) : {};
    const status = answer({ spec, exchange, target, services });
    await sendObject(exchange, 201, {
      ...object,
      metadata: { creationTimestamp: null, ...copy(object.metadata) },
      spec,
      status,
    });
  };
}

function namespaceIn({ namespace }: JsonObject): string {
  if (typeof namespace !== 'string' || !namespace) throw badRequest('no namespace on request');
  return namespace;
}

/** A local review can only ask about its own namespace. */
function inNamespace(spec: JsonObject, namespace: string): JsonObject {
  const asked = spec['resourceAttributes'];
  if (!isRecord(asked) || asked['namespace'] !== namespace) {
    throw badRequest(`spec.resourceAttributes.namespace: Invalid value: must match metadata.namespace (${namespace})`);
  }
  return spec;
}
