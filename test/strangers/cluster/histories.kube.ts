// Whether objects come to the same after many writes: applies by several managers, updates and patches, in both API servers.

import type { Arbitrary } from 'fast-check';
import { array, constant, constantFrom, dictionary, oneof, record, sample, uniqueArray } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '#base/mod.ts';
import { equal } from '#base/mod.ts';
import type { HttpClientOptions } from '#objects/mod.ts';
import { clusterOfEnvironment } from './environment.ts';
import type { OwnServer } from './own-server.ts';
import { startOwnServer } from './own-server.ts';
import { ask } from './verdicts.ts';

/** Where Kubernetes goes a way that is not followed; a history ends there. */
const OTHERWISE = [
  {
    theirs: /must be of type object: \\"null\\"/,
    why: 'Whoever applies an object empty that was not, gets null in its place, which Kubernetes then refuses: a fault of structured-merge-diff.',
  },
  {
    theirs: /is invalid: patch: Invalid value/,
    why: 'What a patch makes unreadable is told with the whole object in JSON; here with the place alone.',
  },
  {
    theirs: /template `labels`, spec.template.spec.containers: Required value/,
    why: 'A template that is not there is told as that, not as one of which everything is missing.',
  },
] as const;

const HISTORIES_A_KIND = 60;
const { access } = clusterOfEnvironment();
let own: OwnServer;
beforeAll(async () => {
  own = await startOwnServer();
});
afterAll(() => own.close());

interface Write {
  readonly how: 'apply' | 'force' | 'update' | 'merge' | 'json';
  readonly manager: string;
  readonly body: Json;
}

const few = <T>(item: Arbitrary<T>, key: (item: T) => string): Arbitrary<T[]> =>
  uniqueArray(item, { selector: key, maxLength: 2 });
const some = (fields: Readonly<Record<string, Arbitrary<unknown>>>): Arbitrary<JsonObject> =>
  record(fields, { requiredKeys: [] }) as Arbitrary<JsonObject>;
const named = (name: readonly string[], fields: Readonly<Record<string, Arbitrary<unknown>>>): Arbitrary<JsonObject> =>
  record({ name: constantFrom(...name), ...fields }, { requiredKeys: ['name'] }) as Arbitrary<JsonObject>;
const nameOf = (item: JsonObject): string => JSON.stringify(item['name']);

const container = named(['c', 'd'], {
  image: constantFrom('a', 'b'),
  args: array(constantFrom('x', 'y'), { maxLength: 2 }),
  env: few(named(['A', 'B'], { value: constantFrom('1', '2') }), nameOf),
  ports: few(
    record(
      { containerPort: constantFrom(80, 81), name: constantFrom('http1', 'h2c') },
      { requiredKeys: ['containerPort'] },
    ),
    ({ containerPort }) => String(containerPort),
  ),
  resources: some({ requests: dictionary(constantFrom('cpu', 'memory'), constantFrom('1', '2'), { maxKeys: 2 }) }),
  securityContext: some({ runAsNonRoot: constantFrom(true, false) }),
});
const words = dictionary(constantFrom('a', 'b'), constantFrom('1', '2'), { maxKeys: 2 });
const metadata = some({ labels: words, annotations: words, finalizers: few(constantFrom('f/a', 'f/b'), String) });

const whole = (fields: Readonly<Record<string, Arbitrary<unknown>>>, requiredKeys: string[]): Arbitrary<JsonObject> =>
  record(fields, { requiredKeys }) as Arbitrary<JsonObject>;
const port = whole({ containerPort: constantFrom(80, 81) }, ['containerPort']);
const podContainer = whole(
  {
    name: constantFrom('c', 'd'),
    image: constantFrom('a', 'b'),
    env: few(named(['A', 'B'], { value: constantFrom('1', '2') }), nameOf),
    ports: few(port, ({ containerPort }) => JSON.stringify(containerPort)),
  },
  ['name', 'image'],
);
const podSpec = whole(
  {
    containers: few(podContainer, nameOf),
    volumes: few(named(['v', 'w'], { emptyDir: some({ medium: constant('Memory') }) }), nameOf),
    nodeSelector: words,
    terminationGracePeriodSeconds: constantFrom(1, 30),
  },
  ['containers'],
);
const LABELS = constant({ app: 'a' });
/** Without zeros, which Go leaves out. */
const deployment = record({
  metadata,
  spec: whole(
    {
      replicas: constantFrom(1, 2),
      minReadySeconds: constantFrom(3, 4),
      selector: record({ matchLabels: LABELS }),
      template: record({ metadata: record({ labels: LABELS }), spec: podSpec }),
    },
    ['selector', 'template'],
  ),
}) as Arbitrary<JsonObject>;

/** What may be said of objects of a kind, besides their names. */
const KINDS: Readonly<Record<string, { readonly collection: string; readonly content: Arbitrary<JsonObject> }>> = {
  'serving.knative.dev/v1 Service': {
    collection: '/apis/serving.knative.dev/v1/namespaces/default/services',
    content: some({
      metadata: some({ labels: words, annotations: words }),
      spec: some({
        template: some({
          metadata: some({ annotations: words }),
          spec: some({
            containers: few(container, nameOf),
            volumes: few(named(['v', 'w'], { emptyDir: some({ medium: constant('Memory') }) }), nameOf),
            timeoutSeconds: constantFrom(1, 2),
            nodeSelector: words,
          }),
        }),
        traffic: array(some({ percent: constantFrom(0, 50), tag: constantFrom('t', 'u') }), { maxLength: 2 }),
      }),
    }),
  },
  'apps/v1 Deployment': { collection: '/apis/apps/v1/namespaces/default/deployments', content: deployment },
  'v1 ConfigMap': { collection: '/api/v1/namespaces/default/configmaps', content: some({ metadata, data: words }) },
};

const PATCHES = (content: Arbitrary<JsonObject>): Arbitrary<Write> =>
  oneof(
    { weight: 5, arbitrary: write(constantFrom('apply', 'force'), content) },
    { weight: 1, arbitrary: write(constant('update'), content) },
    { weight: 1, arbitrary: write(constant('merge'), content) },
    {
      weight: 1,
      arbitrary: write(
        constant('json'),
        array(
          record({
            op: constantFrom('add', 'replace', 'remove', 'test'),
            path: constantFrom('/metadata/labels', '/metadata/labels/a', '/data', '/spec/template', '/spec/traffic/0'),
            value: oneof(constant({ a: '1' }), constant('2'), constant({})),
          }) as Arbitrary<JsonObject>,
          { minLength: 1, maxLength: 2 },
        ),
      ),
    },
  );

function write(how: Arbitrary<Write['how']>, body: Arbitrary<Json>): Arbitrary<Write> {
  return record({ how, manager: constantFrom('one', 'two'), body });
}

describe.each(Object.entries(KINDS))('%s', (kind, { collection, content }) => {
  test('has the same history in both', async () => {
    const histories = sample(array(PATCHES(content), { minLength: 2, maxLength: 6 }), {
      numRuns: HISTORIES_A_KIND,
      seed: 1,
    });
    const found: string[] = [];
    for (const [i, history] of histories.entries()) {
      const ours = await played(own.access, kind, `${collection}/h${i}`, history);
      const theirs = await played(access, kind, `${collection}/h${i}`, history);
      const at = ours.findIndex((answer, step) => answer !== theirs[step]);
      if (at < 0 || OTHERWISE.some(({ theirs: pattern }) => pattern.test(theirs[at] ?? ''))) continue;
      const told = history.slice(0, at + 1).map((one) => `  ${one.manager} ${one.how} ${JSON.stringify(one.body)}`);
      found.push(
        [
          `history ${i}:`,
          ...told,
          `  before: ${ours[at - 1]}`,
          `  ours:   ${ours[at]}`,
          `  theirs: ${theirs[at]}`,
        ].join('\n'),
      );
    }
    expect(found.join('\n')).toBe('');
  });
});

const TYPES = {
  apply: 'application/apply-patch+yaml',
  force: 'application/apply-patch+yaml',
  update: 'application/json',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
} as const;

/** What a server answered to each write, as text. */
async function played(
  server: HttpClientOptions,
  kind: string,
  path: string,
  history: readonly Write[],
): Promise<string[]> {
  const [apiVersion = '', kindName = ''] = kind.split(' ');
  const name = path.slice(path.lastIndexOf('/') + 1);
  const answers: string[] = [];
  let version = '';
  for (const { how, manager, body } of history) {
    const content = body as { metadata?: JsonObject };
    const whole = { apiVersion, kind: kindName, ...content, metadata: { ...content.metadata, name } };
    const updated = { ...whole, metadata: { ...whole.metadata, resourceVersion: version } };
    const sent = how === 'json' || how === 'merge' ? body : how === 'update' ? updated : whole;
    const { text } = await ask(
      server,
      how === 'update' ? 'PUT' : 'PATCH',
      `${path}?fieldManager=${manager}${how === 'force' ? '&force=true' : ''}`,
      { 'Content-Type': TYPES[how] },
      JSON.stringify(sent),
    );
    const answer = JSON.parse(text) as JsonObject;
    version = (answer as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion ?? version;
    answers.push(told(answer));
  }
  await ask(server, 'PATCH', path, { 'Content-Type': TYPES.merge }, '{"metadata":{"finalizers":null}}');
  await ask(server, 'DELETE', path);
  return answers;
}

/** An object without what every server makes of its own, in one order of keys; or why a write was refused. */
function told(answer: JsonObject): string {
  const { metadata, status, ...others } = answer as { metadata?: JsonObject; status?: unknown };
  // Kubernetes shows an empty status of a built-in kind; here what nobody has written is not there.
  const rest = equal(status, {})
    ? others
    : { ...others, ...(status === undefined ? {} : { status: status as JsonObject }) };
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _time, managedFields, ...said } = metadata ?? {};
  const owners = ((managedFields ?? []) as { time?: string; manager: string; operation: string }[])
    .map(({ time: _owned, ...entry }) => entry)
    .toSorted((a, b) => (a.operation + a.manager < b.operation + b.manager ? -1 : 1));
  return ordered({ ...rest, ...plainly(rest), ...withSortedCauses(rest), metadata: { ...said, owners } });
}

/** Ours says why a JSON patch fails; Kubernetes keeps it to itself. */
function plainly({ message }: JsonObject): JsonObject {
  const plain = 'the server rejected our request due to an error in our request';
  return typeof message === 'string' && message.startsWith(plain) ? { message: plain } : {};
}

/** Kubernetes tells causes of a conflict in an order by chance. */
function withSortedCauses({ reason, details }: JsonObject): JsonObject {
  const { causes } = (details ?? {}) as { causes?: { field: string; message: string }[] };
  if (reason !== 'Conflict' || !causes) return {};
  return { details: { causes: causes.toSorted((a, b) => (a.field + a.message < b.field + b.message ? -1 : 1)) } };
}

const ordered = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) =>
    one && typeof one === 'object' && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
