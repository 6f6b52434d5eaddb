import { expect, test } from 'vitest';
import { parseKubeconfig } from './kubeconfig.ts';

const files: Readonly<Record<string, string>> = {
  'ca.pem': 'CA',
  'me.pem': 'CERT',
  'me.key': 'KEY',
  token: ' secret\n',
};
const readFile = (path: string) => files[path] ?? '';

function config(user: string, cluster = '', current = 'one'): string {
  return `
apiVersion: v1
kind: Config
current-context: ${current}
contexts:
- {name: one, context: {cluster: c, user: u, namespace: apps}}
- {name: two, context: {cluster: other, user: u}}
clusters:
- {name: c, cluster: {server: "https://127.0.0.1:6443"${cluster}}}
- {name: other, cluster: {server: "http://127.0.0.1:8001"}}
users:
- {name: u, user: {${user}}}
`;
}

const base = { server: 'https://127.0.0.1:6443', namespace: 'apps' };

test.each([
  ['a token', config('token: t'), undefined, { ...base, token: 't' }],
  ['a file with a token', config('tokenFile: token'), undefined, { ...base, token: 'secret' }],
  [
    'certificates within',
    config(
      `client-certificate-data: ${btoa('CERT')}, client-key-data: ${btoa('KEY')}`,
      `, certificate-authority-data: ${btoa('CA')}`,
    ),
    undefined,
    { ...base, ca: 'CA', cert: 'CERT', key: 'KEY' },
  ],
  [
    'certificates in files',
    config('client-certificate: me.pem, client-key: me.key', ', certificate-authority: ca.pem'),
    undefined,
    { ...base, ca: 'CA', cert: 'CERT', key: 'KEY' },
  ],
  [
    'no check of the server',
    config('token: t', ', insecure-skip-tls-verify: true, tls-server-name: api'),
    undefined,
    { ...base, token: 't', skipVerify: true, serverName: 'api' },
  ],
  ['another context', config('token: t'), 'two', { server: 'http://127.0.0.1:8001', token: 't' }],
])('%s', (_, text, context, options) => {
  expect(parseKubeconfig(text, readFile, context)).toEqual(options);
});

test.each([
  ['nothing', '', 'a kubeconfig is a mapping with clusters, users and contexts'],
  ['no context', config('token: t', '', '""'), 'the kubeconfig names no current-context'],
  ['a context that is not there', config('token: t', '', 'three'), 'the kubeconfig has no context "three"'],
  ['a helper program', config('exec: {command: aws}'), 'signs in by a helper program'],
])('%s is refused', (_, text, message) => {
  expect(() => parseKubeconfig(text, readFile)).toThrow(message);
});
