// Configuration, Revision, Route and DomainMapping, where they differ from Services.

import { copy } from '#base/mod.ts';
import type { KubeObject, ObjectMeta } from '#machinery/mod.ts';
import { describe, expect, test } from 'vitest';
import { tryWrite } from '../trial.ts';
import { Configuration } from './configuration.ts';
import { DomainMapping } from './domain-mapping.ts';
import { Revision } from './revision.ts';
import { Route } from './route.ts';

type Made = KubeObject & { spec: unknown };

function made(kind: { apiVersion: string; kind: string }, spec: unknown, metadata: Partial<ObjectMeta> = {}): Made {
  const { apiVersion } = kind;
  return copy({ apiVersion, kind: kind.kind, metadata: { name: 'hello', namespace: 'default', ...metadata }, spec });
}

const ownedBy = (kind: string, name: string) => [
  { apiVersion: 'serving.knative.dev/v1', kind, name, uid: '1', controller: true },
];
const template = { spec: { containers: [{ image: 'ko.local/hello' }] } };

describe('Configuration', () => {
  test('a label that names a Service tells the truth', () => {
    const labels = { 'serving.knative.dev/service': 'mine' };
    const text = 'missing field(s): metadata.labels.serving.knative.dev/service';
    expect(tryWrite(Configuration, made(Configuration, { template }, { labels })).text).toBe(text);
    const owned = made(Configuration, { template }, { labels, ownerReferences: ownedBy('Service', 'mine') });
    const trial = tryWrite(Configuration, owned);
    expect(trial.text).toBe('');
    expect(trial.object.metadata.annotations).toBeUndefined();
  });

  test('its own paths', () => {
    const spec = { template: { ...template, metadata: { name: 'x' } } };
    expect(tryWrite(Configuration, made(Configuration, spec)).text).toBe(
      'invalid value: "x" must have prefix "hello-": spec.template.metadata.name',
    );
  });
});

describe('Revision', () => {
  const before = tryWrite(Revision, made(Revision, template.spec)).object as Made & Revision;

  test('its spec never changes', () => {
    const now = copy(before);
    const [container] = now.spec.containers;
    if (container) container.image = 'ko.local/other';
    now.spec.serviceAccountName = 'foobar';
    now.spec.containerConcurrency = 1;
    now.metadata.annotations = { 'autoscaling.knative.dev/min-scale': '-1' };
    expect(tryWrite(Revision, now, { before }).text).toBe(
      [
        'Immutable fields changed (-old +new): spec',
        '{v1.RevisionSpec}.PodSpec.Containers[0].Image:\n\t-: "ko.local/hello"\n\t+: "ko.local/other"',
        '{v1.RevisionSpec}.PodSpec.ServiceAccountName:\n\t-: ""\n\t+: "foobar"',
        '*{v1.RevisionSpec}.ContainerConcurrency:\n\t-: "0"\n\t+: "1"\n',
      ].join('\n'),
    );
  });

  test('its metadata may, and is checked', () => {
    const now = copy(before);
    now.metadata.annotations = { 'autoscaling.knative.dev/min-scale': '2' };
    expect(tryWrite(Revision, now, { before }).text).toBe('');
    now.metadata.annotations = { 'autoscaling.knative.dev/min-scale': 'x' };
    expect(tryWrite(Revision, now, { before }).text).toBe(
      'invalid value: x: metadata.annotations.autoscaling.knative.dev/min-scale',
    );
  });

  test('a feature that was switched off since says nothing of it', () => {
    const open = { config: { 'config-features': { 'kubernetes.podspec-nodeselector': 'enabled' } } };
    const old = tryWrite(Revision, made(Revision, { ...template.spec, nodeSelector: { a: 'b' } }), open);
    expect(old.text).toBe('');
    expect(tryWrite(Revision, old.object, { before: old.object }).text).toBe('');
    expect(tryWrite(Revision, old.object).text).toBe('must not set the field(s): spec.nodeSelector');
  });

  test('a label that names a Configuration tells the truth', () => {
    const labels = { 'serving.knative.dev/configuration': 'mine' };
    expect(tryWrite(Revision, made(Revision, template.spec, { labels })).text).toBe(
      'missing field(s): metadata.labels.serving.knative.dev/configuration',
    );
  });
});

describe('Route', () => {
  test.each([
    [[], 'Traffic targets sum to 0, want 100: spec.traffic'],
    [[{ percent: 100, configurationName: 'a' }], ''],
    [
      [{ percent: 100 }],
      'expected exactly one, got neither: spec.traffic[0].configurationName, spec.traffic[0].revisionName',
    ],
    [
      [{ percent: 100, configurationName: 'a', revisionName: 'b' }],
      'expected exactly one, got both: spec.traffic[0].configurationName, spec.traffic[0].revisionName',
    ],
    [
      [{ percent: 100, revisionName: 'a b' }],
      `invalid key name "a b": spec.traffic[0].revisionName\nname part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    ],
  ])('traffic %j', (traffic, text) => {
    expect(tryWrite(Route, made(Route, { traffic })).text).toBe(text);
  });

  test('fills in what each target leaves out, but never invents one', () => {
    const traffic = [{ configurationName: 'a' }, { revisionName: 'b', percent: 100 }];
    const { spec } = tryWrite(Route, made(Route, { traffic })).object as Route;
    expect(spec.traffic).toEqual([
      { configurationName: 'a', latestRevision: true, percent: 0 },
      { revisionName: 'b', latestRevision: false, percent: 100 },
    ]);
    expect((tryWrite(Route, made(Route, {})).object as Route).spec.traffic).toBeUndefined();
  });
});

describe('DomainMapping', () => {
  const ref = { name: 'hello', kind: 'Service', apiVersion: 'serving.knative.dev/v1' };
  test.each([
    ['hello.example.com', ref, ''],
    [
      'hello',
      ref,
      'invalid name "hello": name: Invalid value: "hello": should be a domain with at least two segments separated by dots: metadata.name',
    ],
    [
      'a.default.svc.cluster.local',
      ref,
      'invalid name "a.default.svc.cluster.local": must not be a subdomain of cluster local domain "cluster.local": metadata.name',
    ],
    ['a.b', { name: 'x', kind: 'Service' }, 'missing field(s): spec.ref.apiVersion'],
    ['a.b', { ...ref, group: 'g' }, 'must not set the field(s): spec.ref.group'],
    [
      'a.b',
      { ...ref, namespace: 'other' },
      'mismatched namespaces: spec.ref.namespace\nparent namespace: "default" does not match ref: "other"',
    ],
    ['a.b', { ...ref, name: '', kind: '' }, 'missing field(s): spec.ref.kind, spec.ref.name'],
  ])('%s to %j', (name, target, text) => {
    expect(tryWrite(DomainMapping, made(DomainMapping, { ref: target }, { name })).text).toBe(text);
  });

  test('leads into its own namespace', () => {
    const { spec } = tryWrite(DomainMapping, made(DomainMapping, { ref }, { name: 'a.b' })).object as DomainMapping;
    expect(spec.ref.namespace).toBe('default');
  });
});
