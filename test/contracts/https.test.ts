// The client against a server with TLS: the kubeconfig that a platform writes is the one its clients read.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#base/mod.ts';
import { startApiServer } from '#apiserver/mod.ts';
import type { ApiServer } from '#apiserver/mod.ts';
import { httpClient, parseKubeconfig } from '#objects/mod.ts';
import { keepKeys, kubeconfigText } from '#pki/mod.ts';
import type { Keys } from '#pki/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { freshRegistry, open } from './homes.ts';
import { Space } from './thing-kinds.ts';

let folder: string;
let keys: Keys;
let server: ApiServer;
const seen: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-https-'));
  keys = await keepKeys(folder, ['127.0.0.1'], systemClock);
  const registry = await freshRegistry();
  const { store, scheme } = registry;
  server = await startApiServer({
    ...open,
    authenticator: {
      authenticate(request) {
        const socket = request.socket as TLSSocket;
        if (!socket.authorized) return 'none';
        const { CN = '' } = socket.getPeerCertificate().subject as { CN?: string };
        seen.push(CN);
        return { user: { name: CN, groups: [] } };
      },
      read: () => undefined,
    },
    registry,
    store,
    scheme,
    clock: systemClock,
    log: silentLog,
    port: 0,
    tls: { key: keys.server.keyPem, cert: keys.server.certPem, clientCa: keys.caPem },
  });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

test('a client by kubeconfig is known by its certificate', async () => {
  const options = parseKubeconfig(kubeconfigText(server.url, keys.caPem, keys.admin), () => '');
  const client = httpClient(options);
  expect((await client.list(Space)).items).toEqual([]);
  expect(await client.raw('GET', '/version')).toHaveProperty('gitVersion');
  expect(seen).toContain('kubernetes-admin');
  client.close();
});

test('a server of another authority is not spoken to', async () => {
  const client = httpClient({ server: server.url });
  await expect(client.list(Space)).rejects.toThrow(/certificate/);
  client.close();
});
