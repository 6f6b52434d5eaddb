// telemetry: the ports for logs and metrics, their small homes, and trace context.

export { Exporting } from './exporting.ts';
export type { OpenScrape } from './exporting.ts';
export * from './exposition.ts';
export * from './instruments.ts';
export * from './log.ts';
export * from './metrics.ts';
export * from './names.ts';
export * from './process-metrics.ts';
export * from './scrape.ts';
export * from './profiles.ts';
export * from './settings.ts';
export * from './trace.ts';
export * from './tracer.ts';
