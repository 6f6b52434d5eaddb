// A Certificate becomes a Secret with a certificate and its key, and stays one that is good: from the local CA at once, by ACME in time.

import { defineController, index, watch } from '#engine/mod.ts';
import {
  Certificate,
  CERTIFICATE_CLASS_KEYS,
  certificateConfig,
  CoreService,
  EBB_CERTIFICATE_CLASS,
  KIngress,
  Secret,
  SERVING_NAMESPACE,
} from '#kinds/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import { hostsOf, ingressesByHost } from '../ingress/hosts.ts';
import { firstOf } from '../metadata.ts';
import type { CertificateKeeperParts } from './keeper.ts';
import { CertificateKeeper } from './keeper.ts';

const BY_SECRET = 'serving/certificates-by-secret';
const BY_NAME = 'serving/certificates-by-dns-name';

const WATCHES = [
  watch(Secret, ({ metadata: { namespace, name } }, reader) =>
    // Secrets of the platform are few, and one may bind its account.
    namespace === SERVING_NAMESPACE
      ? reader.list(Certificate).map(keyOf)
      : reader.byIndex(Certificate, BY_SECRET, `${namespace}/${name}`).map(keyOf),
  ),
  // An Ingress may have begun to lead a challenge here.
  watch(KIngress, (ingress, reader) =>
    hostsOf(ingress).flatMap((host) => reader.byIndex(Certificate, BY_NAME, host).map(keyOf)),
  ),
];

const INDEXES = [
  index(Certificate, BY_SECRET, ({ metadata, spec }) => [`${metadata.namespace}/${spec.secretName}`]),
  index(Certificate, BY_NAME, ({ spec }) => spec.dnsNames),
  ingressesByHost,
];

export function certificateController(parts: CertificateKeeperParts) {
  const { orders } = parts;
  const keeper = new CertificateKeeper(parts);
  return defineController({
    name: 'certificate-controller',
    of: Certificate,
    owns: [CoreService],
    watches: WATCHES,
    indexes: INDEXES,
    configs: [certificateConfig],
    selects: ({ metadata }) => firstOf(metadata.annotations, CERTIFICATE_CLASS_KEYS) === EBB_CERTIFICATE_CLASS,
    listen(poke) {
      const quiet = orders.onChange(poke);
      return () => {
        quiet();
        orders.close();
      };
    },
    forget: (key) => keeper.forget(key),
    reconcile: (turn) => keeper.attend(turn, turn.config(certificateConfig)),
  });
}
