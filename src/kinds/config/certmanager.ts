// config-certmanager: who issues certificates, by YAML references of kind and name.

import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { parsed, yamlRecord } from './settings.ts';

export interface IssuerReference {
  readonly kind: string;
  readonly name: string;
}

const DEFAULT: IssuerReference = { kind: 'ClusterIssuer', name: 'knative-selfsigned-issuer' };
const SHOWN = `kind: ${DEFAULT.kind}\nname: ${DEFAULT.name}\n`;

function issuer(raw: string): IssuerReference {
  const { kind = '', name = '' } = yamlRecord(raw, 'v1.ObjectReference') ?? DEFAULT;
  return { kind: String(kind), name: String(name) };
}

const reference = (doc: string) => parsed(DEFAULT, SHOWN, doc, issuer);

export const certmanagerConfig = defineConfigMap(
  'config-certmanager',
  {
    issuerRef: reference('Who issues certificates for host names outside the cluster.'),
    clusterLocalIssuerRef: reference('Who issues certificates for host names inside the cluster.'),
    systemInternalIssuerRef: reference('Who issues certificates between parts of the platform.'),
  },
  {
    component: 'net-certmanager',
    doc: 'Kept, not heeded here: who issues certificates is said in config-ebb-certificate.',
  },
);
export type CertmanagerConfig = ConfigOf<typeof certmanagerConfig>;
