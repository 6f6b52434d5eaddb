// A config map is defined once, as rows. From the rows come its typed values, the check of an edit, and the `_example` text.

import { crc32, messageOf } from '#base/mod.ts';
import type { ConfigMap } from '../core/config-map.ts';
import { SERVING_NAMESPACE } from '../labels.ts';
import type { Setting } from './settings.ts';
import { PlainFault } from './settings.ts';

export type Rows = Readonly<Record<string, Setting<unknown>>>;

type Words<Key extends string> = Key extends `${infer Head}-${infer Tail}`
  ? `${Words<Head>}${Capitalize<Words<Tail>>}`
  : Key extends `${infer Head}.${infer Tail}`
    ? `${Words<Head>}${Capitalize<Words<Tail>>}`
    : Key;

/** The values of a config map: `stable-window` is `stableWindow`, `logging.enable-request-log` is `loggingEnableRequestLog`. */
export type ConfigValues<R extends Rows> = {
  readonly [K in keyof R & string as Words<K>]: R[K] extends Setting<infer T> ? T : never;
};

/** A config map of the platform, and what its data means. */
export interface ConfigMapDefinition<V> {
  readonly name: string;
  readonly namespace: string;
  readonly component: string;
  readonly doc: string;
  readonly rows: Rows;
  /** The text under `_example`. */
  readonly example: string;
  /** What this platform sets when it first makes the map. */
  readonly seed: Readonly<Record<string, string>>;
  /** The typed values; throws an Error that tells what is wrong. Data that is empty gives the defaults. */
  parse(data: Readonly<Record<string, string>>): V;
  /** A fault of an edit beyond what `parse` finds. */
  checkData?(data: Readonly<Record<string, string>>): string | undefined;
}

/** The values that a definition gives. */
export type ConfigOf<D> = D extends ConfigMapDefinition<infer V> ? V : never;

interface Options<V, D> {
  /** knative-serving where it is not said. */
  readonly namespace?: string;
  readonly component: string;
  readonly doc: string;
  readonly seed?: Readonly<Record<string, string>>;
  /** Put before the text of a row's fault. */
  readonly faultPrefix?: string;
  /** Values that follow from the others. */
  readonly derive?: (values: V, data: Readonly<Record<string, string>>) => D;
  /** What is wrong with the values taken together. */
  readonly check?: (values: V) => string | undefined;
  readonly checkData?: (data: Readonly<Record<string, string>>) => string | undefined;
}

/** Defines a config map by its rows. */
export function defineConfigMap<const R extends Rows, D extends object = object>(
  name: string,
  rows: R,
  {
    namespace = SERVING_NAMESPACE,
    component,
    doc,
    seed = {},
    faultPrefix = '',
    derive,
    check,
    checkData,
  }: Options<ConfigValues<R>, D>,
): ConfigMapDefinition<ConfigValues<R> & D> {
  return {
    name,
    namespace,
    component,
    doc,
    rows,
    seed,
    example: exampleText(doc, rows),
    ...(checkData ? { checkData } : {}),
    parse(data) {
      const entries = Object.entries(rows).map(([key, row]) => [camel(key), readRow(key, row, data, faultPrefix)]);
      const values = Object.fromEntries(entries) as ConfigValues<R>;
      const fault = check?.(values);
      if (fault) throw new Error(fault);
      return { ...values, ...(derive?.(values, data) as D) };
    },
  };
}

function readRow(key: string, row: Setting<unknown>, data: Readonly<Record<string, string>>, prefix: string): unknown {
  const spelled = [key, ...row.aliases].find((one) => data[one] !== undefined);
  if (spelled === undefined) return row.fallback;
  try {
    return row.read(data[spelled] ?? '');
  } catch (thrown) {
    if (thrown instanceof PlainFault) throw thrown;
    if (row.tell) throw new Error(row.tell(spelled, messageOf(thrown)), { cause: thrown });
    throw new Error(`${prefix}failed to parse ${JSON.stringify(spelled)}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function camel(key: string): string {
  return key.replaceAll(/[-.]([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

const BANNER = `################################
#                              #
#    EXAMPLE CONFIGURATION     #
#                              #
################################

# Nothing in this block is in force: it shows the settings there are and
# their defaults. To change one, copy its line out of this block, to the
# top level of data, and edit it there.
`;

function exampleText(doc: string, rows: Rows): string {
  const about = doc ? `\n${comment(doc)}\n` : '';
  const settings = Object.entries(rows).map(
    ([key, row]) => `\n${comment(row.doc)}\n${key}: ${JSON.stringify(row.shown)}\n`,
  );
  return `${BANNER}${about}${settings.join('')}`;
}

const LINE = 76;

function comment(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last && last.length + word.length + 1 > LINE) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines.map((line) => `# ${line}`).join('\n');
}

export const EXAMPLE_KEY = '_example';
export const EXAMPLE_CHECKSUM_ANNOTATION = 'knative.dev/example-checksum';

/** The checksum of an `_example`, as knative.dev/pkg/configmap makes it. */
export function exampleChecksum(example: string): string {
  return crc32(example.trim().replaceAll(/(?:\r?\n)+/g, '\\n'))
    .toString(16)
    .padStart(8, '0');
}

/** The config map as it is first made. */
export function configMapOf(definition: ConfigMapDefinition<unknown>): ConfigMap {
  const { name, namespace, component, example, seed } = definition;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/component': component, 'app.kubernetes.io/name': namespace },
      annotations: { [EXAMPLE_CHECKSUM_ANNOTATION]: exampleChecksum(example) },
    },
    data: { [EXAMPLE_KEY]: example, ...seed },
  };
}

const EXAMPLE_EDITED =
  'the update modifies a key in "_example" which is probably not what you want. Instead, copy the respective setting to the top-level of the ConfigMap, directly below "data"';

/** What is wrong with a config map by its definition; undefined where nothing is. */
export function checkAgainst(
  definition: ConfigMapDefinition<unknown>,
  { metadata, data = {} }: ConfigMap,
): string | undefined {
  const example = data[EXAMPLE_KEY];
  const checksum = metadata.annotations?.[EXAMPLE_CHECKSUM_ANNOTATION];
  if (example !== undefined && checksum !== undefined && checksum !== exampleChecksum(example)) return EXAMPLE_EDITED;
  try {
    definition.parse(data);
  } catch (thrown) {
    return messageOf(thrown);
  }
  return definition.checkData?.(data);
}
