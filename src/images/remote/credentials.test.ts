import { expect, test } from 'vitest';
import { referenceOf } from '../reference.ts';
import { challengesIn } from './challenge.ts';
import { credentialsFor, pullSecret } from './credentials.ts';

const auth = (text: string) => Buffer.from(text).toString('base64');
const user = (username: string) => ({ username, password: 'p' });

test.each<[string, object, string, unknown[]]>([
  ['a host', { 'r.example': user('a') }, 'r.example/x/y', [user('a')]],
  ['another host', { 'r.example': user('a') }, 's.example/x', []],
  ['a host with a port', { 'r.example:5000': user('a') }, 'r.example:5000/x', [user('a')]],
  ['the same host without the port', { 'r.example': user('a') }, 'r.example:5000/x', []],
  ['a host with a scheme', { 'https://r.example': user('a') }, 'r.example/x', [user('a')]],
  ['the default registry', { 'https://index.docker.io/v1/': user('a') }, 'nginx', [user('a')]],
  ['the default registry by its short name', { 'docker.io': user('a') }, 'me/app', [user('a')]],
  ['a part of a host', { '*.example': user('a') }, 'r.example/x', [user('a')]],
  ['no more than a part', { '*.example': user('a') }, 'q.r.example/x', []],
  ['a dot is a dot', { 'r.example': user('a') }, 'rxexample.io/x', []],
  [
    'the most particular path first',
    { 'r.example': user('a'), 'r.example/team/app': user('c'), 'r.example/team': user('b') },
    'r.example/team/app',
    [user('c'), user('b'), user('a')],
  ],
  ['a path is of whole parts', { 'r.example/te': user('a') }, 'r.example/team', []],
  [
    'user and password in one',
    { 'r.example': { auth: auth('a:b:c') } },
    'r.example/x',
    [{ username: 'a', password: 'b:c' }],
  ],
  [
    'an identity token',
    { 'r.example': { auth: auth('<token>:'), identitytoken: 't' } },
    'r.example/x',
    [{ identityToken: 't' }],
  ],
  ['a registry token', { 'r.example': { registrytoken: 't' } }, 'r.example/x', [{ registryToken: 't' }]],
  ['nothing usable', { 'r.example': { email: 'a@b' }, 's.example': 1, 't.example': { auth: 'xx' } }, 'r.example/x', []],
])('credentials for %s', (_, auths, image, expected) => {
  expect(credentialsFor(referenceOf(image), pullSecret(JSON.stringify({ auths })))).toEqual(expected);
  expect(credentialsFor(referenceOf(image), pullSecret(JSON.stringify(auths)))).toEqual(expected);
});

test.each(['', 'x', '[]', '1'])('a pull secret of %j is refused', (text) => {
  expect(() => pullSecret(text)).toThrow('the pull secret is no');
});

test.each([
  ['Basic realm="a b"', [['basic', { realm: 'a b' }]]],
  [
    'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
    [['bearer', { realm: 'https://a/t', service: 's', scope: 'repository:x:pull,push' }]],
  ],
  [
    'bearer realm=https://a/t , Basic realm="x\\"y"',
    [
      ['bearer', { realm: 'https://a/t' }],
      ['basic', { realm: 'x"y' }],
    ],
  ],
  [
    'Negotiate, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  ['Basic', [['basic', {}]]],
  ['', []],
])('the challenge %j', (header, expected) => {
  expect(challengesIn(header).map(({ scheme, parameters }) => [scheme, parameters])).toEqual(expected);
});
