import { join } from 'node:path';
import { checkCases } from '../../../test/cases/check.ts';
import { settle } from '#base/mod.ts';
import { Backlogs } from './backlogs.ts';
import { metricController } from './controller.ts';

/** What cannot be had is known before the turn of each case. */
checkCases(join(import.meta.dirname, 'cases'), async (clock) => {
  const backlogs = new Backlogs({
    clock,
    fetch: () => Promise.reject(new Error('connect ECONNREFUSED')),
    wants: () => true,
    record: () => {},
  });
  backlogs.follow('default/broken', { url: 'http://127.0.0.1:1/metrics', metric: undefined, target: 1 });
  await settle();
  return metricController(backlogs);
});
