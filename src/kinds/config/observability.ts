// config-observability: request logs, metrics, traces and profiles.

import { formatDuration, goTemplate, messageOf } from '#base/mod.ts';
import { EVENTING_NAMESPACE } from '../labels.ts';
import type { ConfigOf, ConfigValues } from './define.ts';
import { defineConfigMap } from './define.ts';
import { decimal, duration, onOff, words } from './settings.ts';

/** The request log's line where none is set. */
export const DEFAULT_REQUEST_LOG =
  '{"httpRequest": {"requestMethod": "{{.Request.Method}}", "requestUrl": "{{js .Request.RequestURI}}", "requestSize": "{{.Request.ContentLength}}", "status": {{.Response.Code}}, "responseSize": "{{.Response.Size}}", "userAgent": "{{js .Request.UserAgent}}", "remoteIp": "{{js .Request.RemoteAddr}}", "serverIp": "{{.Revision.PodIP}}", "referer": "{{js .Request.Referer}}", "latency": "{{.Response.Latency}}s", "protocol": "{{.Request.Proto}}"}, "traceId": "{{.TraceID}}"}';

const metricsRows = {
  'metrics-protocol': words('none', 'How metrics of the platform leave it: none, prometheus, http/protobuf, or grpc.'),
  'metrics-endpoint': words('', 'Where metrics are sent, with http/protobuf and grpc.'),
  'metrics-export-interval': duration(0, 'How often metrics are sent.'),
} as const;
const runtimeRows = {
  'runtime-profiling': words('disabled', 'Whether profiles can be taken: enabled or disabled.'),
  'runtime-export-interval': duration(15_000, 'How often the runtime itself is measured.'),
  'tracing-protocol': words('none', 'How traces leave the platform: none, http/protobuf, grpc, or stdout.'),
  'tracing-endpoint': words('', 'Where traces are sent.'),
  'tracing-sampling-rate': decimal(0, 'Which share of requests is traced, 0 to 1.'),
} as const;
type CommonValues = ConfigValues<typeof metricsRows & typeof runtimeRows>;

const rows = {
  'logging.enable-var-log-collection': onOff(
    false,
    'Whether /var/log of containers is collected. Kept, not heeded here.',
  ),
  'logging.revision-url-template': words(
    '',
    'Where the logs of a revision can be seen; ${REVISION_UID} stands for its uid.',
  ),
  'logging.request-log-template': words(
    DEFAULT_REQUEST_LOG,
    'A line of the request log: a Go template over Request, Response and Revision.',
  ),
  'logging.enable-request-log': onOff(false, 'Whether requests are logged.'),
  'logging.enable-probe-request-log': onOff(false, 'Whether probes are logged too.'),
  ...metricsRows,
  'request-metrics-protocol': words('none', 'How metrics of requests leave the platform.'),
  'request-metrics-endpoint': words('', 'Where metrics of requests are sent.'),
  'request-metrics-export-interval': duration(0, 'How often metrics of requests are sent.'),
  ...runtimeRows,
} as const;
type Values = ConfigValues<typeof rows>;

function metricsFault(protocol: string, endpoint: string, intervalMs: number): string | undefined {
  const quoted = JSON.stringify(protocol);
  if (!['none', 'prometheus', 'http/protobuf', 'grpc'].includes(protocol)) return `unsupported protocol ${quoted}`;
  if (protocol === 'none' && endpoint) return `endpoint should not be set when protocol is ${quoted}`;
  if (protocol !== 'none' && protocol !== 'prometheus' && !endpoint) {
    return `endpoint should be set when protocol is ${quoted}`;
  }
  return intervalFault(intervalMs);
}

function intervalFault(ms: number): string | undefined {
  return ms < 0 ? `export interval ${JSON.stringify(formatDuration(ms))} should be greater than zero` : undefined;
}

function tracingFault({
  tracingProtocol,
  tracingEndpoint,
  tracingSamplingRate: rate,
}: CommonValues): string | undefined {
  const isPush = tracingProtocol === 'http/protobuf' || tracingProtocol === 'grpc';
  if (!isPush && tracingProtocol !== 'none' && tracingProtocol !== 'stdout') {
    return `unsupported protocol ${JSON.stringify(tracingProtocol)}`;
  }
  if (isPush && !tracingEndpoint) return `endpoint should be set for protocol ${JSON.stringify(tracingProtocol)}`;
  if (!isPush && tracingEndpoint) return "endpoint should not be set when protocol is 'none'";
  if (rate < 0) return `sampling rate ${rate.toFixed(6)} should be greater or equal to zero`;
  return rate > 1 ? `sampling rate ${rate.toFixed(6)} should be less than or equal to one` : undefined;
}

function runtimeFault({ runtimeProfiling, runtimeExportInterval }: CommonValues): string | undefined {
  const isKnown = runtimeProfiling === 'enabled' || runtimeProfiling === 'disabled';
  return isKnown
    ? intervalFault(runtimeExportInterval)
    : `unsupported profile setting ${JSON.stringify(runtimeProfiling)}`;
}

function requestLogFault(values: Values): string | undefined {
  try {
    goTemplate(values.loggingRequestLogTemplate);
  } catch (error) {
    return messageOf(error);
  }
  if (values.loggingRequestLogTemplate || !values.loggingEnableRequestLog) return undefined;
  return '"logging.enable-request-log" was set to true, but no "logging.request-log-template" was specified';
}

const commonFault = (values: CommonValues): string | undefined =>
  metricsFault(values.metricsProtocol, values.metricsEndpoint, values.metricsExportInterval) ??
  tracingFault(values) ??
  runtimeFault(values);

export const observabilityConfig = defineConfigMap('config-observability', rows, {
  component: 'observability',
  doc: '',
  check: (values) =>
    commonFault(values) ??
    metricsFault(values.requestMetricsProtocol, values.requestMetricsEndpoint, values.requestMetricsExportInterval) ??
    requestLogFault(values),
});
export type ObservabilityConfig = ConfigOf<typeof observabilityConfig>;

export const eventingObservabilityConfig = defineConfigMap(
  'config-observability',
  {
    ...metricsRows,
    'sink-event-error-reporting.enable': onOff(false, 'Whether a source has an Event where it could not send.'),
    ...runtimeRows,
  },
  {
    namespace: EVENTING_NAMESPACE,
    component: 'observability',
    doc: 'Given to containers that ask for it. Metrics and traces of this platform are set in knative-serving.',
    check: commonFault,
  },
);
export type EventingObservabilityConfig = ConfigOf<typeof eventingObservabilityConfig>;
