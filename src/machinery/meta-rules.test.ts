import { expect, test } from 'vitest';
import { defineKind } from './kind.ts';
import type { ObjectMeta } from './meta.ts';
import { MAX_ANNOTATIONS_BYTES, checkObjectMeta, checkObjectMetaUpdate } from './meta-rules.ts';
import type { NameRule } from './names.ts';
import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, pathSegment, qualifiedName } from './names.ts';
import { Problems } from './problems.ts';

test.each<[string, NameRule, string, string[]]>([
  ['label', dns1123Label, 'a-1', []],
  ['label', dns1123Label, 'a.b', ['a lowercase RFC 1123 label must consist of lower case alphanumeric']],
  ['label', dns1123Label, 'a'.repeat(64), ['must be no more than 63 characters']],
  ['subdomain', dns1123Subdomain, 'a.b-c.1', []],
  ['subdomain', dns1123Subdomain, 'A_b', ['a lowercase RFC 1123 subdomain must consist of']],
  ['subdomain', dns1123Subdomain, 'a\n', ['a lowercase RFC 1123 subdomain must consist of']],
  ['subdomain', dns1123Subdomain, '', ['a lowercase RFC 1123 subdomain must consist of']],
  ['DNS-1035 label', dns1035Label, '1a', ['a DNS-1035 label must consist of']],
  ['label value', labelValue, '', []],
  ['label value', labelValue, 'a b', ['a valid label must be an empty string or consist of']],
  ['qualified name', qualifiedName, 'example.com/My_name', []],
  ['qualified name', qualifiedName, '/a', ['prefix part must be non-empty']],
  ['qualified name', qualifiedName, 'A/a', ['prefix part a lowercase RFC 1123 subdomain must']],
  ['qualified name', qualifiedName, 'a/b/c', ['a qualified name must consist of']],
  ['qualified name', qualifiedName, '', ['name part must be non-empty', 'name part must consist of']],
  ['path segment', pathSegment, 'system:a', []],
  ['path segment', pathSegment, 'a/b', ["may not contain '/'"]],
  ['path segment', pathSegment, '..', ["may not be '..'"]],
])('the rule for a %s, asked for %#', (_, rule, name, faults) => {
  const found = rule(name);
  expect(found.length).toBe(faults.length);
  for (const [i, fault] of faults.entries()) expect(found[i]).toContain(fault);
});

const kind = (plural: string, scope: 'Namespaced' | 'Cluster' = 'Namespaced') =>
  defineKind({ apiVersion: 'v1', kind: 'Thing', names: { plural }, scope, doc: '' });
const THINGS = kind('things');
const owner = (name: string) => ({ apiVersion: 'v1', kind: 'Thing', name, uid: name, controller: true });

test.each<[string, ReturnType<typeof kind>, Partial<ObjectMeta>, string[]]>([
  ['nothing', THINGS, {}, []],
  ['a name', THINGS, { name: 'A' }, ['metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain']],
  ['no name', THINGS, { name: '' }, ['metadata.name: Required value: name or generateName is required']],
  ['the name of a Service', kind('services'), { name: '1a' }, ['metadata.name: Invalid value: "1a": a DNS-1035']],
  [
    'the name of a Namespace',
    kind('namespaces', 'Cluster'),
    { name: 'a.b', namespace: '' },
    ['metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label'],
  ],
  ['nothing in the name of an Event', kind('events'), { name: 'a.Received.1' }, []],
  ['nothing in a prefix with a dash', THINGS, { generateName: 'a-' }, []],
  ['a prefix', THINGS, { generateName: 'A-' }, ['metadata.generateName: Invalid value: "A-"']],
  ['a missing namespace', THINGS, { namespace: '' }, ['metadata.namespace: Required value']],
  ['a namespace', kind('nodes', 'Cluster'), {}, ['metadata.namespace: Forbidden: not allowed on this type']],
  [
    'a label',
    THINGS,
    { labels: { 'a b': 'c d' } },
    ['metadata.labels: Invalid value: "a b"', 'metadata.labels: Invalid value: "c d"'],
  ],
  ['an annotation', THINGS, { annotations: { 'a b': 'c d' } }, ['metadata.annotations: Invalid value: "a b"']],
  [
    'size',
    THINGS,
    { annotations: { a: 'é'.repeat(MAX_ANNOTATIONS_BYTES / 2) } },
    ['metadata.annotations: Too long: may not be more than 262144 bytes'],
  ],
  [
    'an owner',
    THINGS,
    { ownerReferences: [{ ...owner('x'), uid: '' }] },
    ['metadata.ownerReferences[0].uid: Invalid value: "": must not be empty'],
  ],
  [
    'two controllers',
    THINGS,
    { ownerReferences: [owner('x'), owner('y')] },
    ['metadata.ownerReferences: Invalid value: ['],
  ],
  ['nothing in finalizers', THINGS, { finalizers: ['a.b/c', 'orphan', 'routes.serving.knative.dev'] }, []],
  ['a finalizer', THINGS, { finalizers: ['bare'] }, ['metadata.finalizers: Invalid value: "bare": name is neither']],
])('metadata has %s at fault', (_, of, metadata, faults) => {
  const problems = new Problems();
  checkObjectMeta(of, { name: 'a', namespace: 'd', ...metadata }, problems);
  const found = problems.all.map(({ path, message }) => `${path}: ${message}`);
  expect(found.length).toBe(faults.length);
  for (const [i, fault] of faults.entries()) expect(found[i]).toContain(fault);
});

test('an update keeps identity, and adds no finalizer to what is going', () => {
  const before = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a', uid: '1', deletionTimestamp: 'x' } };
  const after = { ...before, metadata: { ...before.metadata, uid: '2', finalizers: ['a.b/c'] } };
  const problems = new Problems();
  checkObjectMetaUpdate(before, after, problems);
  expect(problems.all.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'metadata.uid: Invalid value: "2": field is immutable',
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a.b/c"}',
  ]);
});
