// Config maps, each with one key set to something that may or may not do.

import type { ConfigMap, ConfigMapDefinition } from '#kinds/mod.ts';

const VALUES = [
  '',
  '0 1 2 5 10 70 100 200 1000 -1 0.5 1.5 10000000000',
  '1s 5s 6s 60s 1h 2h 1.5s 0s -1s 1d',
  'true false enabled Enabled disabled Disabled redirected allowed auto none default',
  'prometheus grpc http/protobuf stdout https x 100m 1Gi 1.0 1.3 []',
  '{{.Name}}.{{.Namespace}}.{{.Domain}} {{.Tag}}-{{.Name}} {{.Nope}} selector:',
].flatMap((line) => line.split(' '));

/** What Knative requires to be there. */
const REQUIRED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'config-deployment': { 'queue-sidecar-image': 'q' },
};
/** Keys beside the rows of a definition. */
const MORE_KEYS: Readonly<Record<string, readonly string[]>> = { 'config-domain': ['example.com'] };

/**
 * What is no fault of ours: texts that Go makes of a value it has already forgotten, or of a URL; Ebb tells these in words of its
 * own or takes them.
 */
const LEFT_OUT: readonly (readonly [key: RegExp, value: RegExp])[] = [
  // Knative looks for the value under the new name of the key and finds none.
  [/^httpProtocol$/, /./],
  // Host names are parsed as URLs there.
  [/^domain-?template$/i, /[:[]/],
  // What is no YAML at all, each parser tells in its own way.
  [/IssuerRef$|^issuerRef$|cert-selector$|^runtime-class-name$|^example\.com$/, /^\{\{|^selector:$|^\[\]$/],
  // Large numbers are told in Go's own way.
  [/percentage$/, /^1\d{10}$/],
];

export function configMapsOf({ name, namespace, rows }: ConfigMapDefinition<unknown>): ConfigMap[] {
  const keys = Object.entries(rows).flatMap(([key, { aliases }]) => [key, ...aliases]);
  const made = [...keys, ...(MORE_KEYS[name] ?? [])].flatMap((key) =>
    VALUES.filter((value) => !LEFT_OUT.some(([keys_, values]) => keys_.test(key) && values.test(value))).map(
      (value) => ({
        [key]: value,
      }),
    ),
  );
  return [{}, ...made].map((data) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace },
    data: { ...REQUIRED[name], ...data },
  }));
}
