import { expect, test } from 'vitest';
import type { Pod, Revision } from '#kinds/mod.ts';
import { silentGateway } from '../../../test/cases/silent-gateway.ts';
import { expand } from '../../../test/cases/shorthand.ts';
import { TargetBoard } from './board.ts';
import { targetOf } from './target.ts';

const revision = (spec: object, labels: object = {}) =>
  expand({ Revision: { name: 'a', labels, spec } }).object as Revision;
const pod = (name: string, more: object) => expand({ Pod: { name, spec: { containers: [] }, ...more } }).object as Pod;
const ready = [{ type: 'Ready', status: 'True' }];

test('a Revision is told with its limits, and its Pods with where they are reached', () => {
  const target = targetOf(
    revision(
      {
        containerConcurrency: 5,
        timeoutSeconds: 300,
        idleTimeoutSeconds: 7,
        containers: [{ name: 'c', image: 'i', ports: [{ name: 'h2c', containerPort: 9000 }] }],
      },
      { 'serving.knative.dev/service': 's', 'serving.knative.dev/configuration': 'c' },
    ),
    [
      pod('starting', { status: { podIP: '10.0.0.1' } }),
      pod('ready', { status: { podIP: '10.0.0.2', conditions: ready } }),
      pod('leaving', { deletionTimestamp: '2026-01-01T00:00:00Z', status: { podIP: '10.0.0.3', conditions: ready } }),
      pod('process', { annotations: { 'ebb.dev/host-ports': '{"9000":31999}' }, status: { conditions: ready } }),
      pod('nowhere', { status: { conditions: ready } }),
    ],
  );
  expect(target).toEqual({
    namespace: 'default',
    name: 'a',
    service: 's',
    configuration: 'c',
    concurrency: 5,
    timeoutMs: 300_000,
    idleTimeoutMs: 7000,
    protocol: 'h2c',
    endpoints: [
      { id: 'pod-leaving-uid', name: 'leaving', host: '10.0.0.3', port: 9000, state: 'draining' },
      { id: 'pod-process-uid', name: 'process', host: '127.0.0.1', port: 31999, state: 'ready' },
      { id: 'pod-ready-uid', name: 'ready', host: '10.0.0.2', port: 9000, state: 'ready' },
    ],
  });
});

test('annotations of its template say more', () => {
  const annotations = {
    'ebb.dev/timeout': '2h',
    'ebb.dev/max-queue': '5',
    'ebb.dev/queue-full-status': '429',
    'ebb.dev/ports': '{"grpc":{"port":9000,"protocol":"h2c"},"admin":{"port":9001}}',
  };
  const told = expand({ Revision: { name: 'a', annotations, spec: { timeoutSeconds: 10, containers: [] } } });
  const pods = [
    pod('ready', { status: { podIP: '10.0.0.2', conditions: ready } }),
    pod('process', {
      annotations: { 'ebb.dev/host-ports': '{"8080":31000,"9001":31999}' },
      status: { conditions: ready },
    }),
  ];
  expect(targetOf(told.object as Revision, pods)).toMatchObject({
    timeoutMs: 7_200_000,
    maxWaiting: 5,
    fullStatus: 429,
    protocols: { grpc: 'h2c', admin: 'http1' },
    endpoints: [
      { name: 'process', port: 31000, ports: { admin: 31999 } },
      { name: 'ready', port: 8080, ports: { grpc: 9000, admin: 9001 } },
    ],
  });
});

test('the board says a target to the gateway once, and tells who waits for it', async () => {
  const said: string[] = [];
  const board = new TargetBoard({
    ...silentGateway,
    setTarget: async (key, target) => void said.push(`${key} ${target?.concurrency}`),
  });
  const news: string[] = [];
  board.onNew((key) => news.push(key));
  const target = targetOf(revision({ containers: [] }), []);
  await board.set('default/a', target);
  await board.set('default/a', { ...target });
  await board.set('default/a', { ...target, concurrency: 2 });
  expect([said, news, board.has('default/a')]).toEqual([['default/a 0', 'default/a 2'], ['default/a'], true]);
  await board.remove('default/a');
  await board.remove('default/a');
  expect([said.length, board.has('default/a')]).toEqual([3, false]);
});
