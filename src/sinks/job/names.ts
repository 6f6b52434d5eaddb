// Names around a JobSink: its address, its Jobs, and where one asks how a Job fares.

import { md5 } from '#base/mod.ts';
import type { JobSink } from '#kinds/mod.ts';
import { CLUSTER_DOMAIN, EVENTING_NAMESPACE } from '#kinds/mod.ts';
import { childName } from '#machinery/mod.ts';

/** The Service of all JobSinks. */
export const JOB_SINK_SERVICE = 'job-sink';

export function jobSinkUrl(scheme: string, { metadata: { namespace = '', name } }: JobSink): string {
  return `${scheme}://${JOB_SINK_SERVICE}.${EVENTING_NAMESPACE}.svc.${CLUSTER_DOMAIN}/${namespace}/${name}`;
}

/** Which event it is, in a word; the same for an event that is sent again. */
export const eventKey = (source: string, id: string): string => md5(`${source}${id}`);

/** An event has one Job. */
export function jobName(sink: string, source: string, id: string): string {
  return childName(`${sink}-`, eventKey(source, id));
}

export interface JobPlace {
  readonly namespace: string;
  readonly sink: string;
  readonly source: string;
  readonly id: string;
}

export function locationOf({ namespace, sink, source, id }: JobPlace): string {
  const parts = ['namespaces', namespace, 'name', sink, 'sources', source, 'ids', id];
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** The place that a path tells of; undefined where it tells of none. */
export function placeOfLocation(path: string): JobPlace | undefined {
  const found = /^\/namespaces\/([^/]+)\/name\/([^/]+)\/sources\/([^/]+)\/ids\/([^/]+)\/?$/.exec(path);
  const [namespace, sink, source, id] = (found ?? []).slice(1).map(decoded);
  if (!namespace || !sink || !source || !id) return undefined;
  return { namespace, sink, source, id };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
