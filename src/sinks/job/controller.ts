// Says where a JobSink takes events, and by which labels its Jobs are known.

import type { ControllerDefinition } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { caCertsOf, settlePolicies, tellAddress, watchCertificate, watchPolicies } from '#eventing/mod.ts';
import { eventingFeaturesConfig, JOB_SINK_NAME_LABEL, JobSink } from '#kinds/mod.ts';
import { JOB_SINK_SERVICE, jobSinkUrl } from './names.ts';

/** `ownCa` is the platform's own authority, by which it is trusted unless others' certificates are shown. */
export function jobSinkController(ownCa?: string): ControllerDefinition<JobSink> {
  return defineController<JobSink>({
    name: 'job-sink-controller',
    of: JobSink,
    watches: [watchPolicies(JobSink), watchCertificate(JobSink, JOB_SINK_SERVICE)],
    configs: [eventingFeaturesConfig],
    reconcile(turn) {
      const { object, status, mark } = turn;
      tellAddress(status, object, turn.config(eventingFeaturesConfig), {
        plain: jobSinkUrl('http', object),
        secure: jobSinkUrl('https', object),
        caCerts: () => caCertsOf(JOB_SINK_SERVICE, turn, ownCa),
      });
      if (status.address) status.addresses ??= [status.address];
      status.job = { selector: `${JOB_SINK_NAME_LABEL}=${object.metadata.name}` };
      mark.true('Addressable');
      settlePolicies(turn);
    },
  });
}
