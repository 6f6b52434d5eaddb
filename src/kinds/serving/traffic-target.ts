// One share of a Route's traffic.

import type { TypeOf } from '#machinery/mod.ts';
import { flag, int64, list, object, text } from '#machinery/mod.ts';

export const TrafficTargetSchema = object({
  configurationName: text(),
  latestRevision: flag(),
  percent: int64(),
  revisionName: text(),
  tag: text(),
  url: text().doc('Only in status: where the tag can be reached.'),
});
export type TrafficTarget = TypeOf<typeof TrafficTargetSchema>;
export const TrafficSchema = list(TrafficTargetSchema);
