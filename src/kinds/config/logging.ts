// config-logging: how much is logged. Levels of single components are `loglevel.COMPONENT`.

import { isRecord } from '#base/mod.ts';
import { EVENTING_NAMESPACE } from '../labels.ts';
import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { oneOfWords, parsed } from './settings.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

const DEFAULT = {
  level: 'info',
  development: false,
  outputPaths: ['stdout'],
  errorOutputPaths: ['stderr'],
  encoding: 'json',
  encoderConfig: {
    timeKey: 'timestamp',
    levelKey: 'severity',
    nameKey: 'logger',
    callerKey: 'caller',
    messageKey: 'message',
    stacktraceKey: 'stacktrace',
    levelEncoder: '',
    timeEncoder: 'iso8601',
  },
};

/** A logger that cannot be read is the usual one: Knative refuses no edit of it either. */
function settings(raw: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(raw);
    return isRecord(found) ? found : DEFAULT;
  } catch {
    return DEFAULT;
  }
}

const level = (component: string) =>
  oneOfWords('info', LOG_LEVELS, `The level of ${component}.`, (raw) => `invalid logging level: ${raw}`);

const COMPONENT = /^loglevel\.(.+)$/;

function levelsIn(data: Readonly<Record<string, string>>): Readonly<Record<string, LogLevelName>> {
  const levels: Record<string, LogLevelName> = {};
  const general = data['zap-logger-config'] ? settings(data['zap-logger-config'])['level'] : undefined;
  if (general !== undefined) levels[''] = readLevel(typeof general === 'string' ? general : JSON.stringify(general));
  for (const [key, raw] of Object.entries(data)) {
    const component = COMPONENT.exec(key)?.[1];
    if (component !== undefined && raw !== '') levels[component] = readLevel(raw);
  }
  return levels;
}

function readLevel(raw: string): LogLevelName {
  const level = LOG_LEVELS.find((one) => one === raw.toLowerCase());
  if (!level) throw new Error(`invalid logging level: ${raw}`);
  return level;
}

const loggerRow = () =>
  parsed<Readonly<Record<string, unknown>>>(
    DEFAULT,
    JSON.stringify(DEFAULT),
    'The logger of every component, as JSON; level holds where a component has none of its own.',
    settings,
  );

const DOC =
  'Levels are debug, info, warn, error, dpanic, panic and fatal. Parts of this platform that Knative does not have may be named too: loglevel.apiserver, loglevel.node, loglevel.images, loglevel.registry, loglevel.network, loglevel.storage.';

/** What is really set, by component; `''` is the level of the logger itself. */
const derive = (_values: unknown, data: Readonly<Record<string, string>>) => {
  const levels = levelsIn(data);
  return { levels: () => levels };
};

export const loggingConfig = defineConfigMap(
  'config-logging',
  {
    'zap-logger-config': loggerRow(),
    'loglevel.controller': level('the controllers'),
    'loglevel.autoscaler': level('the autoscaler'),
    'loglevel.queueproxy': level('what stands in front of a container'),
    'loglevel.webhook': level('admission'),
    'loglevel.activator': level('what holds requests while a revision wakes'),
    'loglevel.hpaautoscaler': level('the autoscaler of the hpa class'),
  },
  { component: 'logging', doc: DOC, derive },
);
export type LoggingConfig = ConfigOf<typeof loggingConfig>;

/** The same for Eventing; what is set in knative-serving holds for the whole platform. */
export const eventingLoggingConfig = defineConfigMap(
  'config-logging',
  {
    'zap-logger-config': loggerRow(),
    'loglevel.controller': level('the controllers'),
    'loglevel.webhook': level('admission'),
  },
  {
    namespace: EVENTING_NAMESPACE,
    component: 'logging',
    doc: 'Given to containers that ask for it. The levels of this platform are set in knative-serving.',
    derive,
  },
);
