// A Certificate: a key pair for host names, to be put into a Secret.

import type { ObjectOf } from '#machinery/mod.ts';
import {
  condition,
  defineKind,
  FieldErrors,
  intOrString,
  list,
  living,
  livingStatus,
  object,
  reason,
  text,
  time,
} from '#machinery/mod.ts';
import { networkingLabels, SERVING_WEBHOOK } from '../labels.ts';

interface CertificateSpec {
  readonly dnsNames: readonly string[];
  readonly domain?: string | undefined;
  readonly secretName: string;
}

const OUTSIDE = 'domain must be a suffix of, or match exactly, at least one entry in dnsNames';

function checkCertificate({ dnsNames, domain, secretName }: CertificateSpec): FieldErrors {
  const errors = new FieldErrors();
  if (dnsNames.length === 0) errors.missing('dnsNames');
  for (const [index, name] of dnsNames.entries()) if (name === '') errors.invalid(name, `dnsNames[${index}]`);
  if (!secretName) errors.missing('secretName');
  const isInside = dnsNames.some((name) => name === domain || name.endsWith(`.${domain}`));
  if (domain && dnsNames.length > 0 && !isInside) errors.invalid('domain', OUTSIDE);
  return errors;
}

export const Certificate = defineKind({
  apiVersion: 'networking.internal.knative.dev/v1alpha1',
  kind: 'Certificate',
  names: { plural: 'certificates', short: ['kcert'], categories: ['knative-internal', 'networking'] },
  scope: 'Namespaced',
  doc: 'Certificate is responsible for provisioning a SSL certificate for the given hosts.',
  spec: object({ dnsNames: list(text()).required(), domain: text(), secretName: text().required() }),
  status: livingStatus({
    http01Challenges: list(
      object({ serviceName: text(), serviceNamespace: text(), servicePort: intOrString(), url: text() }),
    ),
    notAfter: time(),
  }),
  conditions: living(),
  columns: { Ready: condition('Ready'), Reason: reason('Ready') },
  custom: true,
  crdLabels: networkingLabels,
  webhook: SERVING_WEBHOOK,
  check({ spec }, errors, { subresource }) {
    if (subresource !== 'status') errors.merge(checkCertificate(spec), 'spec');
  },
});
export type Certificate = ObjectOf<typeof Certificate>;
export type CertificateStatus = NonNullable<Certificate['status']>;
