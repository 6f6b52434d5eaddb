// What Kubernetes refuses as the schedule of a CronJob.

import { parseCron } from '#base/mod.ts';
import type { Problems } from '#machinery/mod.ts';

/** Checks the five fields of a schedule, or its name. */
export function checkSchedule(problems: Problems, schedule: string): void {
  if (!schedule) return problems.required('schedule');
  const fault = scheduleFault(schedule.trim());
  if (fault) problems.invalid('schedule', schedule, fault);
  if (schedule.includes('TZ')) {
    problems.invalid('schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  }
}

function scheduleFault(schedule: string): string | undefined {
  const bare = schedule.replace(/^(CRON_)?TZ=\S+\s+/, '');
  if (bare.startsWith('@every ')) {
    return /^@every (\d+(\.\d+)?(h|m|s|ms))+$/.test(bare) ? undefined : `failed to parse duration ${bare}`;
  }
  const parsed = parseCron(bare);
  return 'fault' in parsed ? parsed.fault : undefined;
}
