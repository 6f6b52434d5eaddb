// What an event to a JobSink becomes: a Job, and a Secret with the event, which lies as a file in the containers of the Job.

import type { JsonObject } from '#base/mod.ts';
import { copy, isRecord } from '#base/mod.ts';
import type { CloudEvent } from '#events/mod.ts';
import { encodeStructured, textOf } from '#events/mod.ts';
import type { JobSink } from '#kinds/mod.ts';
import { Job, JOB_SINK_ID_LABEL, JOB_SINK_NAME_LABEL, Secret } from '#kinds/mod.ts';
import { controllerRef } from '#machinery/mod.ts';
import { eventKey, jobName } from './names.ts';

const VOLUME = 'jobsink-event';
const FOLDER = '/etc/jobsink-event';
const FILE = 'event';
const PATH_VARIABLE = 'K_EVENT_PATH';

type Fields = Record<string, unknown>;

/** The Job of an event, as the sink's own text of a Job has it. */
export function jobOf(sink: JobSink, event: CloudEvent): Job {
  const { namespace = '', name } = sink.metadata;
  const [source, id] = [textOf(event, 'source') ?? '', textOf(event, 'id') ?? ''];
  const job = jobBody(sink.spec.job ?? {}, jobName(name, source, id), namespace);
  const metadata = isRecord(job['metadata']) ? job['metadata'] : {};
  const labels = isRecord(metadata['labels']) ? metadata['labels'] : {};
  return {
    ...job,
    metadata: {
      ...metadata,
      labels: { ...labels, [JOB_SINK_NAME_LABEL]: name, [JOB_SINK_ID_LABEL]: eventKey(source, id) },
      ownerReferences: [controllerRef(sink)],
    },
  } as unknown as Job;
}

/** A Job that an event with such a name would become. */
export function jobBody(text: JsonObject, name: string, namespace: string): JsonObject {
  const job = copy(text);
  const metadata = isRecord(job['metadata']) ? job['metadata'] : {};
  job['apiVersion'] = Job.apiVersion;
  job['kind'] = Job.kind;
  job['metadata'] = { ...metadata, name, namespace };
  const pod = podOf(job);
  if (pod) mountEvent(pod, name);
  return job;
}

function podOf(job: Fields): Fields | undefined {
  let value: unknown = job;
  for (const field of ['spec', 'template', 'spec']) value = isRecord(value) ? value[field] : undefined;
  return isRecord(value) ? value : undefined;
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function mountEvent(pod: Fields, secret: string): void {
  pod['volumes'] = [...listOf(pod['volumes']), { name: VOLUME, secret: { secretName: secret } }];
  for (const container of [pod['containers'], pod['initContainers']].flatMap(listOf).filter(isRecord)) {
    container['volumeMounts'] = [
      ...listOf(container['volumeMounts']),
      { name: VOLUME, mountPath: FOLDER, readOnly: true },
    ];
    container['env'] = [...listOf(container['env']), { name: PATH_VARIABLE, value: `${FOLDER}/${FILE}` }];
  }
}

/** The event, for the Job that is there. It goes with its Job. */
export function secretOf(job: Job, event: CloudEvent): Secret {
  const { name, namespace = '', labels } = job.metadata;
  return {
    apiVersion: Secret.apiVersion,
    kind: Secret.kind,
    metadata: { name, namespace, ...(labels ? { labels } : {}), ownerReferences: [controllerRef(job)] },
    immutable: true,
    type: 'Opaque',
    data: { [FILE]: base64(encodeStructured(event).body) },
  };
}

/** In pieces, for the arguments of a call are bounded. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
