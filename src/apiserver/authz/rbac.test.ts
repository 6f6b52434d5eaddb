import { describe, expect, test } from 'vitest';
import type { UserInfo } from '#machinery/mod.ts';
import { asks, refusalOf } from './attributes.ts';
import type { PolicyRule } from './attributes.ts';
import { bindingRefusal, roleRefusal } from './escalation.ts';
import type { Binding, RbacSource } from './rbac.ts';
import { rbacAuthorizer } from './rbac.ts';

const reader: PolicyRule[] = [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'] }];
const scaler: PolicyRule[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*/scale'] }];
const one: PolicyRule[] = [{ verbs: ['get'], apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web'] }];
const health: PolicyRule[] = [{ verbs: ['get'], nonResourceURLs: ['/metrics', '/logs/*'] }];

const ROLES: Record<string, PolicyRule[]> = {
  'Role default/reader': reader,
  'ClusterRole /reader': reader,
  'ClusterRole /scaler': scaler,
  'ClusterRole /one': one,
  'ClusterRole /health': health,
};

const binding = (
  name: string,
  roleRef: Binding['roleRef'],
  ...subjects: NonNullable<Binding['subjects']>
): Binding => ({ metadata: { name }, roleRef, subjects });

const source: RbacSource = {
  clusterRoleBindings: () => [
    binding('readers', { kind: 'ClusterRole', name: 'reader' }, { kind: 'User', name: 'ann' }),
    binding('scalers', { kind: 'ClusterRole', name: 'scaler' }, { kind: 'Group', name: 'ops' }),
    binding('robots', { kind: 'ClusterRole', name: 'one' }, { kind: 'ServiceAccount', name: 'bot', namespace: 'a' }),
    binding('lost', { kind: 'ClusterRole', name: 'nowhere' }, { kind: 'User', name: 'lost' }),
    binding('health', { kind: 'ClusterRole', name: 'health' }, { kind: 'User', name: 'ann' }),
  ],
  roleBindings: (namespace) =>
    namespace === 'default' ? [binding('local', { kind: 'Role', name: 'reader' }, { kind: 'User', name: 'ben' })] : [],
  rules: (kind, namespace, name) => ROLES[`${kind} ${kind === 'Role' ? namespace : ''}/${name}`],
};
const authorizer = rbacAuthorizer(source);
const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups });

describe('who may do what', () => {
  test.each([
    ['a rule of the cluster holds in every namespace', user('ann'), 'get', { resource: 'pods', namespace: 'x' }, true],
    ['and across namespaces', user('ann'), 'list', { resource: 'pods' }, true],
    ['only the verbs it names', user('ann'), 'delete', { resource: 'pods', namespace: 'x' }, false],
    [
      'a subresource has to be named',
      user('ann'),
      'get',
      { resource: 'pods', subresource: 'log', namespace: 'x' },
      true,
    ],
    [
      'and is not part of its resource',
      user('ann'),
      'get',
      { resource: 'pods', subresource: 'exec', namespace: 'x' },
      false,
    ],
    ['only the group it names', user('ann'), 'get', { group: 'other', resource: 'pods' }, false],
    ['a rule of a namespace holds there', user('ben'), 'get', { resource: 'pods', namespace: 'default' }, true],
    ['and nowhere else', user('ben'), 'get', { resource: 'pods', namespace: 'x' }, false],
    [
      'a subresource of any resource',
      user('cat', 'ops'),
      'update',
      { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'x' },
      true,
    ],
    [
      'but not the resource',
      user('cat', 'ops'),
      'update',
      { group: 'apps', resource: 'deployments', namespace: 'x' },
      false,
    ],
    [
      'a ServiceAccount',
      user('system:serviceaccount:a:bot'),
      'get',
      { group: 'apps', resource: 'deployments', name: 'web', namespace: 'x' },
      true,
    ],
    [
      'one name is one name',
      user('system:serviceaccount:a:bot'),
      'get',
      { group: 'apps', resource: 'deployments', name: 'db', namespace: 'x' },
      false,
    ],
    [
      'and no list',
      user('system:serviceaccount:a:bot'),
      'list',
      { group: 'apps', resource: 'deployments', namespace: 'x' },
      false,
    ],
    ['masters may do anything', user('root', 'system:masters'), 'destroy', { group: 'any', resource: 'thing' }, true],
    ['a path', user('ann'), 'get', { isResource: false, path: '/metrics' }, true],
    ['a path below', user('ann'), 'get', { isResource: false, path: '/logs/today' }, true],
    ['another path', user('ann'), 'get', { isResource: false, path: '/secrets' }, false],
  ])('%s', (_why, who, verb, on, allowed) => {
    expect(authorizer.authorize(asks(who, verb, on)).allowed).toBe(allowed);
  });
});

describe('the words of a refusal', () => {
  test.each([
    [
      user('x'),
      'list',
      { resource: 'pods', namespace: 'y' },
      'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "y"',
    ],
    [
      user('x'),
      'get',
      { resource: 'pods', namespace: 'y', name: 'z' },
      'pods "z" is forbidden: User "x" cannot get resource "pods" in API group "" in the namespace "y"',
    ],
    [
      user('x'),
      'get',
      { resource: 'pods', subresource: 'log', namespace: 'y', name: 'z' },
      'pods "z" is forbidden: User "x" cannot get resource "pods/log" in API group "" in the namespace "y"',
    ],
    [
      user('x'),
      'create',
      { group: 'apps', resource: 'deployments' },
      'deployments.apps is forbidden: User "x" cannot create resource "deployments" in API group "apps" at the cluster scope',
    ],
    [user('x'), 'get', { isResource: false, path: '/metrics' }, 'forbidden: User "x" cannot get path "/metrics"'],
    [
      user('lost'),
      'list',
      { resource: 'nodes' },
      'nodes is forbidden: User "lost" cannot list resource "nodes" in API group "" at the cluster scope: RBAC: clusterrole.rbac.authorization.k8s.io "nowhere" not found',
    ],
  ])('%o %s', (who, verb, on, text) => {
    const asked = asks(who, verb, on);
    expect(refusalOf(asked, authorizer.authorize(asked).reason).status).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: text,
    });
  });
});

describe('giving away', () => {
  const role = (who: UserInfo, rules: PolicyRule[]) =>
    roleRefusal(authorizer, { user: who, resource: 'clusterroles', namespace: '', name: 'new', rules })?.message;

  test('what one holds may be given', () => {
    expect(role(user('ann'), [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }])).toBeUndefined();
    expect(
      role(user('root', 'system:masters'), [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]),
    ).toBeUndefined();
  });

  test('what one does not hold may not', () => {
    expect(
      role(user('ann', 'g'), [{ verbs: ['get', 'delete', 'patch'], apiGroups: [''], resources: ['pods', 'nodes'] }]),
    ).toBe(
      'clusterroles.rbac.authorization.k8s.io "new" is forbidden: user "ann" (groups=["g"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "patch"]}\n' +
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get" "delete" "patch"]}',
    );
  });

  test('a name does not cover all names', () => {
    expect(
      role(user('system:serviceaccount:a:bot'), [{ verbs: ['get'], apiGroups: ['apps'], resources: ['deployments'] }]),
    ).toContain('not currently held');
  });

  test('a binding gives what its role holds', () => {
    const grant = { user: user('ann'), resource: 'rolebindings', namespace: 'default', name: 'b' };
    expect(bindingRefusal(authorizer, { ...grant, rules: reader }, { kind: 'Role', name: 'reader' })).toBeUndefined();
    expect(
      bindingRefusal(authorizer, { ...grant, rules: scaler }, { kind: 'ClusterRole', name: 'scaler' })?.message,
    ).toContain('{APIGroups:["*"], Resources:["*/scale"], Verbs:["*"]}');
  });
});
