// config-leader-election: how replicas of a controller share out their work. Only kept and checked: there is one control process.

import { EVENTING_NAMESPACE } from '../labels.ts';
import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { count, duration } from './settings.ts';

/** The rows, with the three times that Knative ships, in seconds. */
const rowsOf = (lease: number, renew: number, retry: number) => ({
  'lease-duration': duration(lease * 1000, 'How long others wait before they take over a lease that was not renewed.'),
  'renew-deadline': duration(renew * 1000, 'How long the holder tries to renew before it gives up.'),
  'retry-period': duration(retry * 1000, 'How long to wait between tries.'),
  buckets: count(1, 'Into how many parts the keys are shared out, 1 to 10.'),
});

const options = {
  component: 'controller',
  doc: 'Kept, not heeded here: there is one control process, which shares its work with no other.',
  check: ({ buckets }: { readonly buckets: number }) =>
    buckets < 1 || buckets > 10 ? `buckets: value must be between 1 <= ${buckets} <= 10` : undefined,
};

export const leaderElectionConfig = defineConfigMap('config-leader-election', rowsOf(60, 40, 10), options);
export type LeaderElectionConfig = ConfigOf<typeof leaderElectionConfig>;

export const eventingLeaderElectionConfig = defineConfigMap('config-leader-election', rowsOf(15, 10, 2), {
  ...options,
  namespace: EVENTING_NAMESPACE,
});
