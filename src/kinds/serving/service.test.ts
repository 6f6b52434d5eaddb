// Services: what is filled in, what is refused, and what may change.

import { readFileSync } from 'node:fs';
import { copy } from '#base/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import type { Circumstances } from '../trial.ts';
import { tryWrite } from '../trial.ts';
import { Service } from './service.ts';

type Data = Readonly<Record<string, string>>;
interface Case {
  readonly why: string;
  readonly metadata?: object;
  readonly template?: object;
  readonly spec?: object;
  readonly container?: object;
  readonly traffic?: object[];
  readonly config?: Readonly<Record<string, Data>>;
  readonly text: string;
}

function service({ metadata, template, spec, container, traffic }: Partial<Case> = {}): Service {
  const built = {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'hello', namespace: 'default', ...metadata },
    spec: {
      template: {
        ...(template ? { metadata: template } : {}),
        spec: { containers: [{ image: 'ko.local/hello', ...container }], ...spec },
      },
      ...(traffic ? { traffic } : {}),
    },
  };
  return copy(built) as unknown as Service;
}

const read = (file: string): unknown => parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
const cases = read('./cases/service.yaml') as Case[];

test.each(cases)('$why', (given) => {
  expect(tryWrite(Service, service(given), { config: given.config })).toMatchObject({ text: given.text, problems: [] });
});

interface ScalingCase {
  readonly set: Data;
  readonly config?: Data;
  readonly text: string;
}
const PREFIX = 'autoscaling.knative.dev/';
const scaling = read('./cases/autoscaling.yaml') as ScalingCase[];

test.each(scaling)('autoscaling $set with $config', ({ set, config, text }) => {
  const annotations = Object.fromEntries(Object.entries(set).map(([key, value]) => [`${PREFIX}${key}`, value]));
  const circumstances: Circumstances = config ? { config: { 'config-autoscaler': config } } : {};
  const told = tryWrite(Service, service({ template: { annotations } }), circumstances).text;
  expect(told.replaceAll(`spec.template.metadata.annotations.${PREFIX}`, '')).toBe(text);
});

/** A Service as it was stored, and the same with a change. */
function stored(given: Partial<Case> = {}): Service {
  return tryWrite(Service, service(given)).object as Service;
}

describe('updates', () => {
  test('a template under a name of its own keeps the name only while nothing changes', () => {
    const before = stored({ template: { name: 'hello-first' } });
    const now = copy(before);
    const [container] = now.spec.template.spec.containers;
    if (container) container.image = 'ko.local/other';
    now.spec.template.spec.containerConcurrency = 5;
    expect(tryWrite(Service, now, { before }).text).toBe(
      [
        'Saw the following changes without a name change (-old +new): spec.template.metadata.name',
        '{*v1.RevisionTemplateSpec}.Spec.PodSpec.Containers[0].Image:\n\t-: "ko.local/hello"\n\t+: "ko.local/other"',
        '*{*v1.RevisionTemplateSpec}.Spec.ContainerConcurrency:\n\t-: "0"\n\t+: "5"\n',
      ].join('\n'),
    );
    now.spec.template.metadata = { name: 'hello-second' };
    expect(tryWrite(Service, now, { before }).text).toBe('');
  });

  test('new defaults of the platform are no change under the same name', () => {
    const before = stored({ template: { name: 'hello-first' } });
    const again = service({ template: { name: 'hello-first' } });
    again.spec.template = copy(before.spec.template);
    delete again.spec.template.spec.timeoutSeconds;
    delete before.spec.template.spec.timeoutSeconds;
    again.metadata.annotations = { ...before.metadata.annotations };
    const trial = tryWrite(Service, again, { before });
    expect(trial.text).toBe('');
    expect((trial.object as Service).spec.template.spec.timeoutSeconds).toBeUndefined();
  });

  test('who made it stays, who changed it follows the spec', () => {
    const before = stored();
    const same = copy(before);
    same.metadata.annotations = { 'serving.knative.dev/creator': 'x', 'serving.knative.dev/lastModifier': 'y' };
    expect(tryWrite(Service, same, { before, user: 'other' }).text).toBe(
      [
        'annotation value is immutable: metadata.annotations.serving.knative.dev/creator',
        'invalid value: y: metadata.annotations.serving.knative.dev/lastModifier',
      ].join('\n'),
    );
    const changed = copy(before);
    changed.spec.template.spec.containerConcurrency = 3;
    const trial = tryWrite(Service, changed, { before, user: 'other' });
    expect(trial.text).toBe('');
    expect(trial.object.metadata.annotations).toEqual({
      'serving.knative.dev/creator': 'someone',
      'serving.knative.dev/lastModifier': 'other',
    });
  });

  test('a status may be written whatever the spec says', () => {
    const before = stored({ spec: { timeoutSeconds: 601 } });
    const trial = tryWrite(Service, before, { before, subresource: 'status' });
    expect(trial.text).toBe('');
    expect(trial.object).toEqual(before);
  });
});

describe('defaults', () => {
  test('a plain Service', () => {
    const { spec } = stored();
    expect(spec).toEqual({
      template: {
        spec: {
          containers: [
            {
              image: 'ko.local/hello',
              name: 'user-container',
              resources: {},
              readinessProbe: { tcpSocket: { port: 0 }, successThreshold: 1 },
            },
          ],
          containerConcurrency: 0,
          enableServiceLinks: false,
          timeoutSeconds: 300,
        },
      },
      traffic: [{ latestRevision: true, percent: 100 }],
    });
  });

  test('what says nothing in more words is no change', () => {
    const before = stored();
    const now = copy(before);
    const [container] = now.spec.template.spec.containers;
    Object.assign(container ?? {}, { env: [], workingDir: '', ports: [] });
    Object.assign(now.spec.template.spec, { hostNetwork: false, nodeSelector: {} });
    now.spec.template.metadata = { annotations: {} };
    const trial = tryWrite(Service, now, { before, user: 'other' });
    expect([trial.text, trial.object]).toEqual(['', before]);
  });

  test('quantities are written as Kubernetes writes them, from config-defaults too', () => {
    const config = { 'config-defaults': { 'revision-cpu-request': '0.1' } };
    const { spec } = (tryWrite(Service, service(), { config }).object as Service).spec.template;
    expect(spec.containers[0]?.resources).toEqual({ requests: { cpu: '100m' } });
  });

  test('names of containers avoid each other', () => {
    const containers = [
      { image: 'a', ports: [{ containerPort: 1 }] },
      { image: 'b', name: 'user-container-0' },
      { image: 'c' },
    ];
    const named = stored({ spec: { containers } }).spec.template.spec.containers.map(({ name }) => name);
    expect(named).toEqual(['user-container-1', 'user-container-0', 'user-container-2']);
  });

  test('what config-defaults says', () => {
    const config = {
      'config-defaults': {
        'revision-timeout-seconds': '123',
        'revision-idle-timeout-seconds': '60',
        'revision-response-start-timeout-seconds': '50',
        'revision-cpu-request': '100m',
        'container-name-template': '{{.Name}}-main',
        'container-concurrency': '7',
        'enable-service-links': 'default',
      },
    };
    const { spec } = (tryWrite(Service, service(), { config }).object as Service).spec.template;
    expect(spec).toMatchObject({
      timeoutSeconds: 123,
      idleTimeoutSeconds: 60,
      responseStartTimeoutSeconds: 50,
      containerConcurrency: 7,
      containers: [{ name: 'hello-main', resources: { requests: { cpu: '100m' } } }],
    });
    expect(spec.enableServiceLinks).toBeUndefined();
  });

  test.each([
    ['enabled', true],
    ['AllowRootBounded', undefined],
  ])('secure-pod-defaults %s', (flag, runAsNonRoot) => {
    const given = service({ container: { ports: [{ containerPort: 80 }] } });
    const trial = tryWrite(Service, given, { config: { 'config-features': { 'secure-pod-defaults': flag } } });
    expect(trial.warnings).toEqual([]);
    expect(trial.text).toBe('');
    expect((trial.object as Service).spec.template.spec.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      seccompProfile: { type: 'RuntimeDefault' },
      capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
      ...(runAsNonRoot ? { runAsNonRoot } : {}),
    });
  });

  test('mounts are read-only but where writing makes sense', () => {
    const volumes = [
      { name: 'a', secret: { secretName: 's' } },
      { name: 'b', emptyDir: {} },
    ];
    const volumeMounts = [
      { name: 'a', mountPath: '/a' },
      { name: 'b', mountPath: '/b' },
    ];
    const made = stored({ spec: { volumes }, container: { volumeMounts } });
    expect(made.spec.template.spec.containers[0]?.volumeMounts).toEqual([
      { name: 'a', mountPath: '/a', readOnly: true },
      { name: 'b', mountPath: '/b' },
    ]);
  });

  test('defaults change nothing the second time', () => {
    const once: KubeObject = stored();
    expect(tryWrite(Service, once, { before: once }).object).toEqual(once);
  });
});

test('warnings of insecure defaults, merged into one', () => {
  const place = 'spec.template.spec.containers[0].securityContext';
  const fields = ['allowPrivilegeEscalation', 'capabilities', 'runAsNonRoot', 'seccompProfile'];
  expect(tryWrite(Service, service()).warnings).toEqual([
    `Kubernetes default value is insecure, Knative may default this to secure in a future release: ${fields.map((field) => `${place}.${field}`).join(', ')}`,
  ]);
  const drop = service({ container: { securityContext: { capabilities: { drop: ['all'] } } } });
  expect(tryWrite(Service, drop).warnings).toContain(
    `invalid value: all: ${place}.capabilities.drop\nMust be spelled as 'ALL'`,
  );
});
