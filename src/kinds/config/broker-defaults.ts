// config-br-defaults: which class a Broker has where it names none, with which configuration and which delivery.

import { isRecord, messageOf } from '#base/mod.ts';
import type { Delivery } from '../duck/delivery.ts';
import type { KReference } from '../duck/reference.ts';
import { EVENTING_NAMESPACE } from '../labels.ts';
import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { parsed, PlainFault, yamlRecord } from './settings.ts';

/** The configuration and delivery that a Broker gets where it has none. */
export interface BrokerConfig {
  readonly config?: KReference | undefined;
  readonly delivery?: Delivery | undefined;
}

interface DefaultsOf {
  readonly brokerClass: string;
  readonly own?: BrokerConfig | undefined;
  readonly ofClass: ReadonlyMap<string, BrokerConfig>;
  readonly disallowDifferentNamespaceConfig?: boolean | undefined;
}

interface BrokerDefaults {
  readonly cluster?: DefaultsOf | undefined;
  readonly namespaces: ReadonlyMap<string, DefaultsOf>;
}

/** The fields of a reference that stand among those of an entry. */
const REFERENCE = ['apiVersion', 'kind', 'name', 'namespace', 'group', 'address'] as const;

const SHIPPED = `clusterDefault:
  brokerClass: MTChannelBasedBroker
  apiVersion: v1
  kind: ConfigMap
  name: config-br-default-channel
  namespace: ${EVENTING_NAMESPACE}
  delivery:
    retry: 10
    backoffPolicy: exponential
    backoffDelay: PT0.2S
`;
const KEY = 'default-br-config';

export const brokerDefaultsConfig = defineConfigMap(
  'config-br-defaults',
  {
    [KEY]: parsed<BrokerDefaults>(
      readDefaults(SHIPPED),
      SHIPPED,
      'What holds in the cluster and, under namespaceDefaults, in single namespaces: brokerClass, a reference to a configuration, delivery, and brokerClasses with a reference and delivery for each class.',
      readDefaults,
    ),
  },
  {
    namespace: EVENTING_NAMESPACE,
    component: 'config-br-defaults',
    doc: '',
    seed: { [KEY]: SHIPPED },
    derive: ({ defaultBrConfig: defaults }) => ({
      /** The class of a Broker that names none; undefined where none is set. */
      brokerClassIn: (namespace: string): string | undefined =>
        defaults.namespaces.get(namespace)?.brokerClass || defaults.cluster?.brokerClass || undefined,
      /** What a Broker of a class gets; undefined where the cluster has no configuration. */
      brokerConfigFor: (namespace: string, brokerClass: string) => brokerConfigFor(defaults, namespace, brokerClass),
      /** Whether a Broker's configuration must be in its own namespace. */
      isConfigBound: (namespace: string): boolean =>
        [defaults.namespaces.get(namespace), defaults.cluster].some((one) => one?.disallowDifferentNamespaceConfig),
    }),
    checkData: (data) => (data[KEY] ? undefined : `ConfigMap is missing (or empty) key: ${JSON.stringify(KEY)}`),
  },
);
export type BrokerDefaultsConfig = ConfigOf<typeof brokerDefaultsConfig>;

function brokerConfigFor(
  { cluster, namespaces }: BrokerDefaults,
  namespace: string,
  brokerClass: string,
): BrokerConfig | undefined {
  const local = namespaces.get(namespace);
  const wanted = brokerClass || local?.brokerClass || '';
  const found = local?.ofClass.get(wanted) ?? (wanted && local?.brokerClass === wanted ? local.own : undefined);
  // Without a configuration of its own the cluster has none to give.
  return found ?? (cluster?.own && (cluster.ofClass.get(wanted || cluster.brokerClass) ?? cluster.own));
}

function readDefaults(raw: string): BrokerDefaults {
  try {
    const { clusterDefault, namespaceDefaults } = yamlRecord(raw, 'config.Defaults') ?? {};
    const namespaces = Object.entries(recordAt(namespaceDefaults, 'namespaceDefaults'));
    return {
      cluster: defaultsOf(clusterDefault, 'clusterDefault'),
      namespaces: new Map(
        namespaces.flatMap(([name, value]) => {
          const found = defaultsOf(value, `namespaceDefaults.${name}`);
          return found ? [[name, found] as const] : [];
        }),
      ),
    };
  } catch (thrown) {
    throw new PlainFault(`Failed to parse the entry: ${messageOf(thrown)}`);
  }
}

function defaultsOf(value: unknown, path: string): DefaultsOf | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = recordAt(value, path);
  const { brokerClass, brokerClasses, disallowDifferentNamespaceConfig: isBound } = fields;
  if (isBound !== undefined && typeof isBound !== 'boolean')
    throw new Error(`${path}.disallowDifferentNamespaceConfig must be true or false`);
  const classes = Object.entries(recordAt(brokerClasses, `${path}.brokerClasses`));
  return {
    brokerClass: textAt(brokerClass, `${path}.brokerClass`) ?? '',
    own: brokerConfigOf(fields, path),
    ofClass: new Map(
      classes.flatMap(([name, config]) => {
        const place = `${path}.brokerClasses.${name}`;
        const found = brokerConfigOf(recordAt(config, place), place);
        return found ? [[name, found] as const] : [];
      }),
    ),
    disallowDifferentNamespaceConfig: isBound,
  };
}

/** A reference whose fields stand among others, and a delivery; undefined where there is neither. */
function brokerConfigOf(fields: Readonly<Record<string, unknown>>, path: string): BrokerConfig | undefined {
  const reference = REFERENCE.flatMap((key) => {
    const value = textAt(fields[key], `${path}.${key}`);
    return value === undefined ? [] : [[key, value] as const];
  });
  const { delivery } = fields;
  if (reference.length === 0 && delivery === undefined) return undefined;
  return {
    ...(reference.length > 0 ? { config: Object.fromEntries(reference) } : {}),
    ...(delivery === undefined ? {} : { delivery: deliveryOf(recordAt(delivery, `${path}.delivery`), path) }),
  };
}

function deliveryOf(fields: Readonly<Record<string, unknown>>, path: string): Delivery {
  const { retry, deadLetterSink } = fields;
  if (retry !== undefined && !Number.isInteger(retry))
    throw new Error(`${path}.delivery.retry must be a whole number, but is ${JSON.stringify(retry)}`);
  const place = (key: string) => `${path}.delivery.${key}`;
  if (deadLetterSink !== undefined) recordAt(deadLetterSink, place('deadLetterSink'));
  for (const key of ['timeout', 'backoffPolicy', 'backoffDelay', 'retryAfterMax', 'format'])
    textAt(fields[key], place(key));
  return fields;
}

function recordAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (isRecord(value)) return value;
  throw new Error(`${path} must be a map, but is ${JSON.stringify(value)}`);
}

function textAt(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw new Error(`${path} must be a text, but is ${JSON.stringify(value)}`);
}
