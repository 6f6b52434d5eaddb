// config-tracing: kept because clients look for it; its settings live in config-observability.

import { EVENTING_NAMESPACE } from '../labels.ts';
import { defineConfigMap } from './define.ts';

const options = { component: 'tracing', doc: 'Nothing is read from here: see config-observability.' };

export const tracingConfig = defineConfigMap('config-tracing', {}, options);
export const eventingTracingConfig = defineConfigMap(
  'config-tracing',
  {},
  { ...options, namespace: EVENTING_NAMESPACE },
);
