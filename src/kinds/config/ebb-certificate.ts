// config-ebb-certificate: where certificates of this platform's own class come from.

import { DAY_MS } from '#base/mod.ts';
import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { duration, oneOfWords, words } from './settings.ts';

const ISSUERS = ['local', 'acme'] as const;
const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory';
const SHORTEST_MS = 3_600_000;

export const certificateConfig = defineConfigMap(
  'config-ebb-certificate',
  {
    issuer: oneOfWords(
      'local',
      ISSUERS,
      'Who issues certificates for host names outside the cluster. local: the platform itself, whose CA is in the config map ebb-serving-ca. acme: the server that acme-directory names; its terms of service count as agreed to. Names inside the cluster are always local.',
      (raw) => `issuer must be local or acme, but is ${JSON.stringify(raw)}`,
    ),
    'acme-directory': words(LETS_ENCRYPT, 'The directory of the ACME server (RFC 8555), an https URL.'),
    'acme-email': words('', 'Where the ACME server may write to about the account; may be empty.'),
    'acme-ca-bundle': words(
      '',
      'Certificates in PEM by which the ACME server itself is trusted, beside the usual CAs; for a server of your own.',
    ),
    'acme-eab-secret': words(
      '',
      'A Secret in knative-serving with the keys kid and hmac, where the ACME server takes only accounts that are bound to one of its own (external account binding).',
    ),
    'local-duration': duration(90 * DAY_MS, 'How long certificates of the local issuer live, at least an hour.'),
  },
  {
    component: 'ebb-certificate',
    doc: 'Certificates are made anew when a third of their life is left.',
    check: ({ acmeDirectory, acmeCaBundle, localDuration }) => {
      if (URL.parse(acmeDirectory)?.protocol !== 'https:')
        return `acme-directory must be an https URL, but is ${JSON.stringify(acmeDirectory)}`;
      if (acmeCaBundle && !acmeCaBundle.includes('-----BEGIN CERTIFICATE-----'))
        return 'acme-ca-bundle must be certificates in PEM, but holds none';
      return localDuration < SHORTEST_MS ? 'local-duration must be at least 1h' : undefined;
    },
  },
);
export type CertificateConfig = ConfigOf<typeof certificateConfig>;
