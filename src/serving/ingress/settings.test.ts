import { expect, test } from 'vitest';
import type { KIngress, NamedPort } from '#kinds/mod.ts';
import { expand } from '../../../test/cases/shorthand.ts';
import { rulesOf } from './rules.ts';

const split = (serviceName: string, percent = 100) => ({
  serviceNamespace: 'default',
  serviceName,
  servicePort: 80,
  percent,
});

/** A Route of two Revisions, the second of them under the tag `blue` as well. */
const ingress = (annotations: object) =>
  expand({
    KIngress: {
      name: 'a',
      annotations: {
        'networking.internal.knative.dev/tag-to-host': '{"blue":["blue-a.example.com","blue-a.default"]}',
        ...annotations,
      },
      spec: {
        rules: [
          {
            hosts: ['a.example.com'],
            http: {
              paths: [
                { headers: { 'Knative-Serving-Tag': { exact: 'blue' } }, splits: [split('a-2')] },
                { splits: [split('a-1', 90), split('a-2', 10)] },
              ],
            },
          },
          { hosts: ['blue-a.example.com'], http: { paths: [{ splits: [split('a-2')] }] } },
        ],
      },
    },
  }).object as KIngress;

/** The paths of the Route's own host and of the tag's. */
const two = (annotations: object) => {
  const [main, blue] = rulesOf(ingress(annotations), { certificates: [], isServed: () => true }).rules.map(
    ({ paths }) => paths,
  );
  return [main ?? [], blue ?? []] as const;
};

const pathsOf = (annotations: object, portsOf?: (target: string) => readonly NamedPort[]) =>
  rulesOf(ingress(annotations), { certificates: [], isServed: () => true, ...(portsOf ? { portsOf } : {}) }).rules.map(
    ({ hosts, paths }) => [hosts[0], paths] as const,
  );

test('without annotations nothing is added', () => {
  const [main, blue] = two({});
  expect([...main, ...blue].map((path) => Object.keys(path).sort())).toEqual([
    ['headers', 'prefix', 'splits'],
    ['prefix', 'splits'],
    ['prefix', 'splits'],
  ]);
});

test('affinity is for all that have shares', () => {
  const affinity = { cookie: 'ebb-affinity', maxAgeSeconds: 3600 };
  const all = pathsOf({ 'ebb.dev/session-affinity': '1h' }).flatMap(([, paths]) => paths);
  expect(all.map((path) => path.affinity)).toEqual([affinity, affinity, affinity]);
});

test.each([
  [{ 'ebb.dev/async': 'disabled', 'ebb.dev/async-retries': '1' }, 'disabled'],
  [{ 'ebb.dev/async': 'enabled' }, undefined],
  [
    {
      'ebb.dev/async-retries': '0',
      'ebb.dev/async-backoff': '2s',
      'ebb.dev/async-timeout': '1m',
      'ebb.dev/async-max-age': '1h',
      'ebb.dev/async-parallelism': '7',
      'ebb.dev/async-callbacks': 'any',
    },
    { retries: 0, backoffMs: 2000, timeoutMs: 60_000, maxAgeMs: 3_600_000, parallelism: 7, callbacks: 'any' },
  ],
])('how asynchronous invocations are carried out: %j', (annotations, rule) => {
  const [main, blue] = two(annotations);
  expect([...main, ...blue].map(({ async }) => async)).toEqual([rule, rule, rule]);
});

test('rules stand behind the tag’s own header and before the shares, on the Route’s own host', () => {
  const rules = '[{"tag":"blue","cookies":{"beta":"yes"}},{"tag":"gone","headers":{"X":"1"}}]';
  const [main, blue] = two({ 'ebb.dev/routing-rules': rules });
  const told = main.map(({ headers, cookies, setHeaders, splits }) => [headers, cookies, setHeaders, splits.length]);
  expect(told).toEqual([
    [{ 'Knative-Serving-Tag': 'blue' }, undefined, undefined, 1],
    [{}, { beta: 'yes' }, { 'Knative-Serving-Tag': 'blue' }, 1],
    [undefined, undefined, undefined, 2],
  ]);
  expect(blue).toHaveLength(1);
});

test('copies are made of what nobody has chosen', () => {
  const [main, blue] = two({ 'ebb.dev/mirror': 'blue 10%' });
  const copy = { target: 'default/a-2', percent: 100, setHeaders: { 'Knative-Serving-Tag': 'blue' } };
  expect([...main, ...blue].map(({ mirror }) => mirror)).toEqual([undefined, { split: copy, percent: 10 }, undefined]);
});

test('a named port has a host of its own or a path, where a Revision has it', () => {
  const ports: Record<string, readonly NamedPort[]> = {
    'default/a-2': [
      { name: 'grpc', port: 9000, protocol: 'h2c', path: undefined },
      { name: 'admin', port: 9001, protocol: 'http1', path: '/admin' },
    ],
  };
  const told = pathsOf({}, (target) => ports[target] ?? []).map(([host, paths]) => [
    host,
    paths.map(({ prefix, headers, splits }) =>
      [prefix, ...(headers ? ['tag'] : []), ...splits.map(({ target, port }) => `${target} ${port ?? ''}`)].join(' | '),
    ),
  ]);
  expect(told).toEqual([
    [
      'a.example.com',
      [
        '/admin | tag | default/a-2 admin',
        '/admin | default/a-2 admin',
        '/ | tag | default/a-2 ',
        '/ | default/a-1  | default/a-2 ',
      ],
    ],
    ['grpc.a.example.com', ['/ | tag | default/a-2 grpc', '/ | default/a-2 grpc']],
    ['blue-a.example.com', ['/admin | default/a-2 admin', '/ | default/a-2 ']],
    ['grpc.blue-a.example.com', ['/ | default/a-2 grpc']],
  ]);
});
