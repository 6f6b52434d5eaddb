// The Job of a JobSink is tried out when the sink is written, so that its author hears what is wrong with it.

import type { JsonObject } from '#base/mod.ts';
import { EVENTING_WEBHOOK, JobSink } from '#kinds/mod.ts';
import { ApiError, childName, deniedByWebhook } from '#machinery/mod.ts';
import type { AdmissionPlugin, AdmissionRequest } from '#objects/mod.ts';
import { jobBody } from './children.ts';

/** Tries to create a Job without keeping it, and with no field that is not known. Throws ApiError as the API refuses it. */
export type TryJob = (job: JsonObject, request: AdmissionRequest) => Promise<void>;

export function jobSinkAdmission(tryJob: TryJob): AdmissionPlugin {
  return {
    async validate(request) {
      const { kind, object, operation, subresource, namespace } = request;
      if (kind.resource !== JobSink.resource || !object || subresource || operation === 'DELETE') return;
      const { job } = (object as JobSink).spec;
      if (!job) return;
      try {
        await tryJob(jobBody(job, childName(object.metadata.name, '-dry-run'), namespace), request);
      } catch (thrown) {
        if (!(thrown instanceof ApiError)) throw thrown;
        throw deniedByWebhook(EVENTING_WEBHOOK, `validation failed: ${thrown.message}: spec.job`);
      }
    },
  };
}
