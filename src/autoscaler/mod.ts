// autoscaler: from reported load to a number of copies. Pure: no clock, no timers, no API objects.

export * from './burst.ts';
export * from './decide.ts';
export * from './decider.ts';
export * from './scale.ts';
export * from './spec.ts';
export * from './windows.ts';
