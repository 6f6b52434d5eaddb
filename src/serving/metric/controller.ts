// A Metric: says whether what it asks for is measured. The gateway counts every request on its way, so nothing must be set up
// for that; a backlog (`ebb.dev/backlog`) is asked for where it is.

import type { ControllerDefinition } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { instanceSettings, Metric } from '#kinds/mod.ts';
import type { Backlogs } from './backlogs.ts';

export function metricController(backlogs: Backlogs): ControllerDefinition<Metric> {
  return defineController<Metric>({
    name: 'metric-controller',
    lingerMs: 5,
    of: Metric,
    listen: (poke) => backlogs.listen(poke),
    forget: (key) => backlogs.forget(key),
    reconcile({ key, object, mark }) {
      backlogs.follow(key, instanceSettings(object.metadata.annotations).backlog);
      const problem = backlogs.problemOf(key);
      if (problem === undefined) mark.true('Ready');
      else mark.false('Ready', 'CollectionFailed', `Failed to reconcile metric collection: ${problem}`);
    },
  });
}
