// Says where a JobSink takes events, and by which labels its Jobs are known.

import { defineController } from '#engine/mod.ts';
import { eventingFeaturesConfig, JOB_SINK_NAME_LABEL, JobSink } from '#kinds/mod.ts';
import { settlePolicies } from '../policies.ts';
import { jobSinkUrl } from './names.ts';

export const jobSinkController = defineController<JobSink>({
  name: 'job-sink-controller',
  of: JobSink,
  configs: [eventingFeaturesConfig],
  reconcile(turn) {
    const { object, status, mark } = turn;
    const address = { name: 'http', url: jobSinkUrl(object) };
    status.address = address;
    status.addresses = [address];
    status.job = { selector: `${JOB_SINK_NAME_LABEL}=${object.metadata.name}` };
    mark.true('Addressable');
    settlePolicies(turn);
  },
});
