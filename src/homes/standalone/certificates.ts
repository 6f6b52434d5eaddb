// Where the standalone home gets certificates: a CA of its own in the folder of keys, and ACME servers.

import type { Clock } from '#base/mod.ts';
import { ConfigMap, SERVING_NAMESPACE, TRUST_BUNDLE_LABEL } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import {
  AccountKey,
  AcmeClient,
  daily,
  httpsTransport,
  KeyFolder,
  orderCertificate,
  startChallengeServer,
} from '#pki/mod.ts';
import type { AcmeIssuer, AcmeSettings, CertificateIssuers } from '#serving/mod.ts';

export interface CertificatesOptions {
  readonly keyFolder: string;
  readonly client: Client;
  readonly clock: Clock;
  readonly version: string;
  readonly warn: (message: string, fields: Record<string, unknown>) => void;
}

export interface Certificates {
  readonly issuers: CertificateIssuers;
  close(): Promise<void>;
}

/** The config map by which clients of services learn whom to trust. */
const BUNDLE = 'ebb-serving-ca';

export async function startCertificates({
  keyFolder,
  client,
  clock,
  version,
  warn,
}: CertificatesOptions): Promise<Certificates> {
  const keys = new KeyFolder(keyFolder, clock);
  const publish = async () => publishCa(client, (await keys.servingCa()).certPem);
  await publish();
  const endRenewals = daily(
    clock,
    publish,
    () => {},
    (error) => warn('the serving CA was not published', { error }),
  );
  const answers = await startChallengeServer();
  return {
    issuers: {
      local: {
        caPem: async () => (await keys.servingCa()).certPem,
        issue: (names, lifeMs) => keys.host(names, lifeMs),
      },
      acme: acmeIssuer(keys, clock, version),
      answers,
    },
    async close() {
      endRenewals();
      await answers.close();
    },
  };
}

/** One account for each server, whose key is kept: a server knows it again after a restart. */
function acmeIssuer(keys: KeyFolder, clock: Clock, version: string): AcmeIssuer {
  const clients = new Map<string, Promise<AcmeClient>>();

  async function make({ directory, email, caBundle, binding }: AcmeSettings): Promise<AcmeClient> {
    const key = new AccountKey(await keys.signingKey('acme-account'));
    return new AcmeClient({
      directory,
      email,
      key,
      binding,
      clock,
      transport: httpsTransport(caBundle, `ebb/${version}`),
    });
  }

  function clientFor(settings: AcmeSettings): Promise<AcmeClient> {
    const name = JSON.stringify(settings);
    const client = clients.get(name) ?? make(settings);
    clients.set(name, client);
    return client;
  }

  return async (settings, names, present, signal) =>
    orderCertificate(names, { client: await clientFor(settings), clock, present, signal });
}

async function publishCa(client: Client, caPem: string): Promise<void> {
  const data = { 'ca.crt': caPem };
  const before = await client.get(ConfigMap, SERVING_NAMESPACE, BUNDLE);
  if (before?.data?.['ca.crt'] === caPem) return;
  if (before) return void (await client.update(ConfigMap, { ...before, data }));
  await client.create(ConfigMap, {
    apiVersion: ConfigMap.apiVersion,
    kind: ConfigMap.kind,
    metadata: { name: BUNDLE, namespace: SERVING_NAMESPACE, labels: { [TRUST_BUNDLE_LABEL]: 'true' } },
    data,
  });
}
