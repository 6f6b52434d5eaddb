// From what a request asks for to the handler that answers it.

import type { Kind } from '#machinery/mod.ts';
import { badRequest, methodNotAllowed, notFound, unknownResource } from '#machinery/mod.ts';
import type { Scheme } from '#objects/mod.ts';
import { measuredOf } from './metrics/measured.ts';
import type { RequestInfo } from './request/request-info.ts';
import { pathSegmentFault } from './request/request-info.ts';
import { reviewOf } from './reviews/review.ts';
import type { Handler, Target } from './services.ts';
import { asksForEnded, listEnded } from './subresources/ended-pods.ts';
import { beginReplay, listEvents, listReplays, redrive } from './subresources/journal.ts';
import { hasUntold, isServed, subresourcesOf, verbsOf } from './subresources/offered.ts';
import { bind, evict } from './subresources/pod-actions.ts';
import { attachToPod, execInPod } from './subresources/pod-exec.ts';
import { podLog } from './subresources/pod-log.ts';
import { forwardPorts } from './subresources/pod-port-forward.ts';
import { getScale, patchScale, updateScale } from './subresources/scale.ts';
import { requestToken } from './subresources/token.ts';
import { remove, removeCollection } from './verbs/deleting.ts';
import { get, list } from './verbs/reading.ts';
import { watch } from './verbs/watching.ts';
import { create, patch, update } from './verbs/writing.ts';

/** A request for which there is somebody to answer. */
export interface Route {
  readonly handler: Handler;
  readonly target: Target;
}

const OF_ONE: Readonly<Record<string, Handler>> = { get, update: update(), patch: patch(), delete: remove };
const OF_MANY: Readonly<Record<string, Handler>> = { list, watch, create, deletecollection: removeCollection };

const listPods: Handler = (exchange, target, services) =>
  asksForEnded(exchange) ? listEnded(exchange, target, services) : list(exchange, target, services);

const both = (handler: Handler): Readonly<Record<string, Handler>> => ({ create: handler, get: handler });
/** By subresource, then by verb. */
const OF_SUBRESOURCE: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  status: { get, update: update('status'), patch: patch('status') },
  finalize: { update: update('finalize') },
  scale: { get: getScale, update: updateScale, patch: patchScale },
  log: { get: podLog },
  eviction: { create: evict },
  binding: { create: bind },
  token: { create: requestToken },
  exec: both(execInPod),
  attach: both(attachToPod),
  portforward: both(forwardPorts),
  events: { get: listEvents },
  replay: { create: beginReplay, get: listReplays },
  redrive: { create: redrive },
};

/** Finds who answers a request about a resource. Throws 404 and 405 as Kubernetes does. */
export function routeOf(scheme: Scheme, info: RequestInfo): Route {
  const kind = scheme.byResource(info.group, info.version, info.resource);
  if (!kind || !isServed(kind)) throw unknownResource();
  const target = targetOf(kind, info);
  const handler = info.subresource ? ofSubresource(kind, info) : ofKind(kind, info, target);
  return { handler, target };
}

function ofKind(kind: Kind, { verb, name }: RequestInfo, { namespace }: Target): Handler {
  const handlers = measuredOf(kind) ?? (name ? OF_ONE : OF_MANY);
  // Only reads go across namespaces; whatever is written has a place.
  const isAcross = kind.scope === 'Namespaced' && !namespace;
  if (isAcross && name) throw unknownResource();
  const handler = handlers[verb];
  if (!handler || !verbsOf(kind).includes(verb) || (isAcross && verb !== 'list' && verb !== 'watch'))
    throw methodNotAllowed();
  if (verb === 'list' && kind.resource === 'pods') return listPods;
  return verb === 'create' ? (reviewOf(kind.resource) ?? handler) : handler;
}

function ofSubresource(kind: Kind, { subresource, verb, name }: RequestInfo): Handler {
  const offered = subresourcesOf(kind).find((candidate) => candidate.name === subresource);
  const handlers = OF_SUBRESOURCE[subresource];
  if (!(offered ?? hasUntold(kind, subresource)) || !handlers || !name) throw unknownResource();
  const handler = handlers[verb];
  if (!handler || (offered && !offered.verbs.includes(verb))) throw methodNotAllowed();
  return handler;
}

function targetOf(kind: Kind, { namespace, name, subresource }: RequestInfo): Target {
  const isNamespaceItself = kind.resource === 'namespaces';
  if (kind.scope === 'Cluster' && namespace && !isNamespaceItself) throw unknownResource();
  if (kind.scope === 'Namespaced' && !namespace && subresource) throw unknownResource();
  const place = { namespace: isNamespaceItself ? '' : namespace, name };
  checkSegments(kind, place);
  return { kind, ...place };
}

/** Names that could lead out of their place are refused before anything is looked up. */
function checkSegments(kind: Kind, { namespace, name }: { namespace: string; name: string }): void {
  for (const segment of [namespace, name]) {
    const fault = segment ? pathSegmentFault(segment) : undefined;
    if (fault) throw badRequest(`invalid path segment ${JSON.stringify(segment)}: ${fault}`);
  }
  if (name.length > LONGEST_NAME)
    throw notFound({ group: kind.group, plural: kind.names.plural }, `${name.slice(0, 64)}…`);
}

/** No object has a longer name. */
const LONGEST_NAME = 253;
