// sinks: JobSinks, KafkaSinks, IntegrationSinks that log, and EventTransforms, which change events on their way. Controllers, and the
// HTTP handlers that take the events.

export { sinksControllers } from './controllers.ts';
export type { SinkAnswer, SinkFront, SinkRequest } from './front.ts';
export { frontOf } from './front.ts';
export type { Guard } from './guard.ts';
export { guardOf } from './guard.ts';
export { EVENT_TRANSFORM_SERVICE } from './transform/controller.ts';
export type { Evaluator } from './transform/evaluators.ts';
export { Evaluators } from './transform/evaluators.ts';
export { eventTransformFront } from './transform/front.ts';
export { helperProcesses } from './transform/helper.ts';
export { INTEGRATION_SINK_SERVICE } from './integration/controller.ts';
export { integrationSinkFront } from './integration/front.ts';
export type { TryJob } from './job/admission.ts';
export { jobSinkAdmission } from './job/admission.ts';
export { jobSinkFront } from './job/front.ts';
export { JOB_SINK_SERVICE } from './job/names.ts';
export { KAFKA_SINK_SERVICE } from './kafka/controller.ts';
export { kafkaSinkFront } from './kafka/front.ts';
