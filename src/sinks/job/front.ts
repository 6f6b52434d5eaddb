// The HTTP face of JobSinks: an event becomes a Job before its sender hears 202, and an event that comes again has its Job already.

import { messageOf } from '#base/mod.ts';
import type { CloudEvent } from '#events/mod.ts';
import { decodeHttp, textOf } from '#events/mod.ts';
import { Job, JobSink, Secret } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { isReason } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { SinkAnswer, SinkFront, SinkRequest } from '../front.ts';
import { isSinkService } from '../front.ts';
import type { Guard } from '../guard.ts';
import { jobOf, secretOf } from './children.ts';
import type { JobPlace } from './names.ts';
import { JOB_SINK_SERVICE, jobName, locationOf, placeOfLocation } from './names.ts';

/** Every refusal is 400, as Knative has it. */
const refused = (text: string): SinkAnswer => ({ status: 400, text });

export function jobSinkFront(client: Client, guard: Guard): SinkFront {
  return {
    serves: (host) => isSinkService(host, JOB_SINK_SERVICE),
    async handle(request) {
      if (request.method === 'GET') return tellJob(client, request.target);
      if (request.method === 'POST') return takeEvent(client, guard, request);
      return refused(`expected POST with an event or GET of a Job, but the method is ${request.method}`);
    },
  };
}

async function takeEvent(client: Client, guard: Guard, request: SinkRequest): Promise<SinkAnswer> {
  const { target, headers, body } = request;
  const [root, namespace = '', name = '', ...more] = target.replace(/\/$/, '').split('/');
  if (root !== '' || !namespace || !name || more.length > 0)
    return refused(`expected the path /NAMESPACE/NAME of a JobSink, but it is ${target}`);
  const decoded = decodeHttp(headers, body);
  if (decoded.outcome === 'batch') return refused('expected one event, but this is a batch');
  if (decoded.outcome !== 'event') return refused(decoded.problem);
  const sink = await client.get(JobSink, namespace, name);
  if (!sink) return refused(`there is no JobSink ${namespace}/${name}`);
  return (await guard(sink, request)) ?? startJob(client, sink, decoded.event);
}

async function startJob(client: Client, sink: JobSink, event: CloudEvent): Promise<SinkAnswer> {
  try {
    const job = await there(client, Job, jobOf(sink, event));
    // Also where the Job was there: a platform that died in between may have left it without its event.
    await there(client, Secret, secretOf(job, event));
  } catch (thrown) {
    const why = messageOf(thrown);
    return { status: 500, headers: { Reason: why.replaceAll(/[^\x20-\x7e]+/g, ' ') }, text: why };
  }
  const { namespace = '', name } = sink.metadata;
  const place = { namespace, sink: name, source: textOf(event, 'source') ?? '', id: textOf(event, 'id') ?? '' };
  return accepted(place);
}

function accepted(place: JobPlace): SinkAnswer {
  return { status: 202, headers: { Location: locationOf(place) } };
}

/** Makes an object; one that has its name already is as good. */
async function there<O extends KubeObject>(client: Client, kind: Kind<O>, object: O): Promise<O> {
  const { namespace = '', name } = object.metadata;
  try {
    return await client.create(kind, object);
  } catch (thrown) {
    if (!isReason(thrown, 'AlreadyExists')) throw thrown;
    const found = await client.get(kind, namespace, name);
    if (!found) throw thrown;
    return found;
  }
}

async function tellJob(client: Client, target: string): Promise<SinkAnswer> {
  const place = placeOfLocation(target);
  if (!place) return refused(`expected the Location of a Job, but the path is ${target}`);
  const { namespace, sink, source, id } = place;
  const job = await client.get(Job, namespace, jobName(sink, source, id));
  if (!job) return refused(`JobSink ${namespace}/${sink} has no Job for the event ${id} of ${source}`);
  const is = (type: string) =>
    job.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
  if (is('Failed')) return { status: 400, headers: { Reason: 'Failed' } };
  return is('Complete') ? { status: 200, headers: { Reason: 'Complete' } } : accepted(place);
}
