// A namespace that is chosen gets one certificate for all names of the default domain in it; its Routes take that one.

import { messageOf } from '#base/mod.ts';
import type { Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import {
  Certificate,
  CERTIFICATE_CLASS_ANNOTATION,
  CERTIFICATE_CLASS_KEYS,
  domainConfig,
  domainFor,
  Namespace,
  networkConfig,
  WILDCARD_DOMAIN_LABEL,
} from '#kinds/mod.ts';
import { matchesLabelSelector } from '#machinery/mod.ts';
import { firstOf } from '../metadata.ts';

type NamespaceTurn = Turn<Namespace>;

export const namespaceCertificateController = defineController({
  name: 'nscert-controller',
  of: Namespace,
  owns: [Certificate],
  configs: [networkConfig, domainConfig],
  status: 'none',

  async reconcile(turn) {
    const { namespaceWildcardCertSelector: chosen } = turn.config(networkConfig);
    const isChosen = chosen !== undefined && matchesLabelSelector(chosen, turn.object.metadata.labels);
    if (!isChosen) return removeAll(turn);
    const desired = wildcardCertificate(turn);
    const isThere = turn
      .list(Certificate, turn.object.metadata.name)
      .some((one) => isWildcard(one) && one.spec.dnsNames.includes(desired.spec.dnsNames[0] ?? ''));
    if (isThere) return;
    const { outcome } = await turn.apply(Certificate, desired);
    const { name } = desired.metadata;
    const place = `${turn.object.metadata.name}/${name}`;
    if (outcome === 'taken')
      throw new Error(`namespace ${turn.object.metadata.name} does not own Knative Certificate: ${name}`);
    if (outcome === 'created') turn.event('Normal', 'Created', `Created Knative Certificate ${place}`);
    await turn.prune(Certificate, [name]);
  },
});

async function removeAll(turn: NamespaceTurn): Promise<void> {
  for (const certificate of turn.owned(Certificate)) {
    await turn.remove(Certificate, certificate);
    const { namespace, name } = certificate.metadata;
    turn.event('Normal', 'Deleted', `Deleted Knative Certificate ${namespace}/${name}`);
  }
}

function isWildcard({ metadata }: Certificate): boolean {
  return metadata.labels?.[WILDCARD_DOMAIN_LABEL] !== undefined;
}

/** By the domain template, with a star for the name; named after what stands behind the star. */
function wildcardCertificate(turn: NamespaceTurn): Certificate {
  const { name: namespace, annotations } = turn.object.metadata;
  const network = turn.config(networkConfig);
  const domain = domainFor(turn.config(domainConfig), {});
  const host = wildcardHost(turn, domain);
  const name = host.slice('*.'.length);
  return {
    apiVersion: Certificate.apiVersion,
    kind: Certificate.kind,
    metadata: {
      name,
      namespace,
      labels: { [WILDCARD_DOMAIN_LABEL]: domain },
      annotations: {
        [CERTIFICATE_CLASS_ANNOTATION]: firstOf(annotations, CERTIFICATE_CLASS_KEYS) ?? network.certificateClass,
      },
    },
    spec: { dnsNames: [host], secretName: name },
  };
}

function wildcardHost(turn: NamespaceTurn, domain: string): string {
  const { name } = turn.object.metadata;
  const fault = `failed to apply domain template to domain ${domain} and namespace ${name}`;
  let host: string;
  try {
    const facts = { Name: '*', Namespace: name, Domain: domain, Annotations: {}, Labels: {} };
    host = turn.config(networkConfig).domainTemplate(facts);
  } catch (thrown) {
    throw new Error(`${fault}: ${messageOf(thrown)}`, { cause: thrown });
  }
  if (!/^\*\..+$/.test(host)) throw new Error(`${fault}: invalid DomainTemplate: ${host}`);
  return host;
}
