// The kubeconfig that a platform writes: a server, a user, one context that joins them.

import type { KeyPair } from './key-pair.ts';

/** YAML that kubectl, kn and func read (clientcmd v1 Config). `server` is the API server's URL. */
export function kubeconfigText(server: string, caPem: string, client: KeyPair): string {
  const credentials = `client-certificate-data: ${data(client.certPem)}
      client-key-data: ${data(client.keyPem)}`;
  return configText(server, caPem, 'ebb-admin', credentials, 'default');
}

/** The same for a user who has a token. */
export function tokenKubeconfigText(
  server: string,
  caPem: string,
  { user, token, namespace }: { readonly user: string; readonly token: string; readonly namespace: string },
): string {
  return configText(server, caPem, user, `token: ${token}`, namespace);
}

const data = (pem: string) => Buffer.from(pem).toString('base64');

function configText(server: string, caPem: string, user: string, credentials: string, namespace: string): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: ebb
    cluster:
      server: ${server}
      certificate-authority-data: ${data(caPem)}
users:
  - name: ${JSON.stringify(user)}
    user:
      ${credentials}
contexts:
  - name: ebb
    context: { cluster: ebb, user: ${JSON.stringify(user)}, namespace: ${JSON.stringify(namespace)} }
current-context: ebb
`;
}
