// base: words and tools that know nothing of the domain and do no I/O.

export * from './amount.ts';
export * from './attempts.ts';
export * from './backoff.ts';
export * from './calm.ts';
export * from './cancel.ts';
export * from './clock-jumps.ts';
export * from './clock.ts';
export * from './cron/next.ts';
export * from './cron/schedule.ts';
export * from './cron/zone.ts';
export * from './duration.ts';
export type { GoTemplate } from './go-template/template.ts';
export { goTemplate } from './go-template/template.ts';
export type { GoMethod } from './go-template/values.ts';
export { GoFloat, GoMap } from './go-template/values.ts';
export * from './elapsed.ts';
export * from './float.ts';
export * from './hash.ts';
export * from './invariant.ts';
export * from './json.ts';
export * from './period.ts';
export * from './quantity.ts';
export * from './random.ts';
export * from './raw-headers.ts';
export * from './reading.ts';
export * from './time-spans.ts';
export * from './virtual-clock.ts';
