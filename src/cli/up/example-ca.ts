// By which CA the example is trusted, where its URL is https.

import { join } from 'node:path';
import { certificateConfig, ConfigMap } from '#kinds/mod.ts';
import type { CliPorts } from '../ports.ts';

/** The file of the platform's own CA for services; undefined where none is needed, or certificates come from elsewhere. */
export async function exampleCa(
  example: string | undefined,
  dataDir: string,
  ports: CliPorts,
): Promise<string | undefined> {
  if (!example?.startsWith('https:')) return undefined;
  const isLocal = await issuesByItself(dataDir, ports).catch(() => false); // a hint is not worth a start that fails
  return isLocal ? join(dataDir, 'keys', 'serving-ca.crt') : undefined;
}

async function issuesByItself(dataDir: string, ports: CliPorts): Promise<boolean> {
  const { client } = await ports.connect(dataDir);
  const settings = await client.get(ConfigMap, certificateConfig.namespace, certificateConfig.name);
  return certificateConfig.parse(settings?.data ?? {}).issuer === 'local';
}
