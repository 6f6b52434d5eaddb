// Pods: what is filled in, what is refused, what may change, and the words of their columns.

import { readFileSync } from 'node:fs';
import { copy } from '#base/mod.ts';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { tryWrite } from '../trial.ts';
import { imageTag, qosClass } from './pod-defaults.ts';
import type { PodSpec } from './pod-spec.ts';
import type { PodStatus } from './pod-status.ts';
import { Pod } from './pod.ts';

interface Case {
  readonly why: string;
  readonly spec?: object;
  readonly container?: object;
  readonly problems?: readonly string[];
}

function pod({ spec, container }: Partial<Case> = {}): Pod {
  const built = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'hello', namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'hello:1', ...container }], ...spec },
  };
  return copy(built);
}

const cases = parse(readFileSync(new URL('./cases/pod.yaml', import.meta.url), 'utf8')) as Case[];

test.each(cases)('$why', ({ problems = [], ...given }) => {
  expect(tryWrite(Pod, pod(given)).problems).toEqual(problems.map((problem) => `spec.${problem}`));
});

describe('defaults', () => {
  test('of probes, ports and volumes', () => {
    const container = { livenessProbe: { httpGet: { port: 80 } }, ports: [{ containerPort: 80 }] };
    const volumes = [{ name: 'a' }, { name: 'b', secret: { secretName: 's' } }, { name: 'c', hostPath: { path: '/' } }];
    const { spec } = tryWrite(Pod, pod({ container, spec: { volumes } })).object as Pod;
    expect(spec.containers[0]).toMatchObject({
      imagePullPolicy: 'IfNotPresent',
      livenessProbe: {
        httpGet: { path: '/', port: 80, scheme: 'HTTP' },
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
      ports: [{ containerPort: 80, protocol: 'TCP' }],
    });
    expect(spec.volumes).toEqual([
      { name: 'a', emptyDir: {} },
      { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
      { name: 'c', hostPath: { path: '/', type: '' } },
    ]);
  });

  test('of requests: what is limited', () => {
    const resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m' } };
    const { spec, status } = tryWrite(Pod, pod({ container: { resources } })).object as Pod;
    expect(spec.containers[0]?.resources?.requests).toEqual({ cpu: '100m', memory: '1Gi' });
    expect(status?.qosClass).toBe('Burstable');
  });

  test('a toleration of one’s own stands for the added one', () => {
    const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' };
    const { spec } = tryWrite(Pod, pod({ spec: { tolerations: [own] } })).object as Pod;
    expect(spec.tolerations?.map(({ key }) => key)).toEqual([own.key, 'node.kubernetes.io/unreachable']);
  });

  test('change nothing the second time', () => {
    const once = tryWrite(Pod, pod()).object;
    expect(tryWrite(Pod, once, { before: once })).toMatchObject({ object: once, problems: [] });
  });

  test.each([
    ['a', 'latest'],
    ['a:1', '1'],
    ['localhost:5000/a', 'latest'],
    ['localhost:5000/a:1', '1'],
    ['a@sha256:0', ''],
  ])('the tag of %s is %j', (image, tag) => expect(imageTag(image)).toBe(tag));

  test.each([
    [{}, 'BestEffort'],
    [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } }, 'Guaranteed'],
    [{ limits: { cpu: '1' } }, 'Burstable'],
  ])('%j is %s', (resources, quality) => {
    expect(qosClass({ containers: [{ name: 'a', resources }] })).toBe(quality);
  });
});

describe('updates', () => {
  const before = tryWrite(Pod, pod()).object as Pod;
  const changed = (change: (spec: PodSpec) => unknown) => {
    const now = copy(before);
    change(now.spec);
    return tryWrite(Pod, now, { before }).problems;
  };

  test('an image may change', () => {
    expect(
      changed(({ containers: [first] }) => {
        if (first) first.image = 'hello:2';
      }),
    ).toEqual([]);
  });

  test('it is placed once', () => {
    expect(changed((spec) => (spec.nodeName = 'one'))).toEqual([]);
    const placed = tryWrite(Pod, pod({ spec: { nodeName: 'one' } })).object as Pod;
    const moved = copy(placed);
    moved.spec.nodeName = 'two';
    expect(tryWrite(Pod, moved, { before: placed }).problems[0]).toMatch(/- nodeName: "one"\n\+ nodeName: "two"\n$/);
  });

  test('an environment may not', () => {
    const [problem] = changed(({ containers: [first] }) => {
      if (first) first.env = [{ name: 'A', value: 'b' }];
    });
    expect(problem).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`,/,
    );
  });

  test('containers stay as many as they are', () => {
    expect(changed(({ containers }) => containers.push({ name: 'more', image: 'x' }))[0]).toBe(
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    );
  });

  test('its status may say anything', () => {
    const now = { ...copy(before), status: { phase: 'Running' } };
    expect(tryWrite(Pod, now, { before, subresource: 'status' }).problems).toEqual([]);
  });
});

const NOW = Date.parse('2030-01-01T00:10:00Z');
const running = { name: 'main', ready: true, restartCount: 0, image: 'a', imageID: 'b', state: { running: {} } };

function row(status: PodStatus, { deleted = false, spec = {} } = {}): unknown[] {
  const object = { ...pod({ spec }), status };
  if (deleted) object.metadata.deletionTimestamp = '2030-01-01T00:00:00Z';
  object.metadata.creationTimestamp = '2030-01-01T00:00:00Z';
  return Object.values(Pod.columns)
    .slice(0, 4)
    .map((column) => column.cell(object, NOW));
}

test.each<[string, PodStatus, object, unknown[]]>([
  ['new', { phase: 'Pending' }, {}, ['0/1', 'Pending', '0', '10m']],
  ['running', { phase: 'Running', containerStatuses: [running] }, {}, ['1/1', 'Running', '0', '10m']],
  [
    'crashing',
    {
      phase: 'Running',
      containerStatuses: [
        {
          ...running,
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 1, finishedAt: '2030-01-01T00:09:00Z' } },
        },
      ],
    },
    {},
    ['0/1', 'CrashLoopBackOff', '3 (60s ago)', '10m'],
  ],
  ['going', { phase: 'Running', containerStatuses: [running] }, { deleted: true }, ['1/1', 'Terminating', '0', '10m']],
  [
    'failed',
    { phase: 'Failed', containerStatuses: [{ ...running, ready: false, state: { terminated: { exitCode: 7 } } }] },
    {},
    ['0/1', 'ExitCode:7', '0', '10m'],
  ],
  [
    'done',
    {
      phase: 'Succeeded',
      containerStatuses: [{ ...running, ready: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
    },
    {},
    ['0/1', 'Completed', '0', '10m'],
  ],
  ['evicted', { phase: 'Failed', reason: 'Evicted' }, {}, ['0/1', 'Evicted', '0', '10m']],
  [
    'initializing',
    {
      phase: 'Pending',
      initContainerStatuses: [{ ...running, name: 'a', state: { running: {} } }],
      containerStatuses: [{ ...running, ready: false, state: { waiting: { reason: 'PodInitializing' } } }],
    },
    {
      spec: {
        initContainers: [
          { name: 'a', image: 'b' },
          { name: 'c', image: 'd' },
        ],
      },
    },
    ['0/1', 'Init:0/2', '0', '10m'],
  ],
])('columns of a Pod that is %s', (_why, status, options, cells) => {
  expect(row(status, options)).toEqual(cells);
});

test('grace: none before it is placed or after it ended', () => {
  const placed = pod({ spec: { nodeName: 'n', terminationGracePeriodSeconds: 5 } });
  expect(Pod.gracePeriodSeconds?.(placed)).toBe(5);
  expect(Pod.gracePeriodSeconds?.(pod())).toBe(0);
  expect(Pod.gracePeriodSeconds?.({ ...placed, status: { phase: 'Failed' } })).toBe(0);
});
