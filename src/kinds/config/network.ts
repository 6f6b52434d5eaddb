// config-network: host names, TLS and gradual rollout of Routes.

import type { LabelSelector } from '../core/references.ts';
import { EBB_CERTIFICATE_CLASS, EBB_INGRESS_CLASS } from '../labels.ts';
import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { flagOf, oneOfWords, onOff, parsed, PlainFault, whole, words, yamlRecord } from './settings.ts';
import type { Template } from './template.ts';
import { parseTemplate } from './template.ts';

const SWITCH = ['enabled', 'disabled'] as const;
const PROTOCOLS = ['enabled', 'redirected', 'disabled'] as const;
const MESH_MODES = ['auto', 'enabled', 'disabled'] as const;
const DOMAIN_TEMPLATE = '{{.Name}}.{{.Namespace}}.{{.Domain}}';
const TAG_TEMPLATE = '{{.Tag}}-{{.Name}}';

/** Reads a domain template and tries it out: what comes of it must be a host name. */
function domainTemplate(raw: string): Template {
  const template = parseTemplate(raw, { name: 'domain-template', type: 'config.DomainTemplateValues' });
  const host = template({ Name: 'foo', Namespace: 'bar', Domain: 'baz.com', Annotations: {}, Labels: {} });
  if (host === '') throw new PlainFault('empty hostname');
  const slash = host.indexOf('/');
  if (slash >= 0) throw new PlainFault(`domain template has url path: ${host.slice(slash)}`);
  return template;
}

function tagTemplate(raw: string): Template {
  const template = parseTemplate(raw, { name: 'tag-template', type: 'config.TagTemplateValues' });
  template({ Name: 'foo', Tag: 'v2' });
  return template;
}

function labelSelector(raw: string): LabelSelector | undefined {
  return yamlRecord(raw, 'v1.LabelSelector');
}

const unsupported = (key: string) => (raw: string) =>
  `${key} with value: ${JSON.stringify(raw)} in config-network ConfigMap is not supported`;

const isEnabled = (raw: string | undefined): boolean => raw?.toLowerCase() === 'enabled';

export const networkConfig = defineConfigMap(
  'config-network',
  {
    'ingress-class': words(
      'istio.ingress.networking.knative.dev',
      'Which gateway carries out ingresses that name none.',
      'ingress.class',
    ),
    'certificate-class': words(
      'cert-manager.certificate.networking.knative.dev',
      'Which issuer carries out certificates that name none.',
      'certificate.class',
    ),
    'namespace-wildcard-cert-selector': parsed<LabelSelector | undefined>(
      undefined,
      '',
      'Which namespaces get a wildcard certificate: a label selector as YAML.',
      labelSelector,
    ),
    'domain-template': parsed(
      parseTemplate(DOMAIN_TEMPLATE),
      DOMAIN_TEMPLATE,
      'The host name of a Route: a Go template with Name, Namespace, Domain, Annotations and Labels.',
      domainTemplate,
      'domainTemplate',
    ),
    'tag-template': parsed(
      parseTemplate(TAG_TEMPLATE),
      TAG_TEMPLATE,
      'What stands for Name in the host name of a tag: a Go template with Name and Tag.',
      tagTemplate,
      'tagTemplate',
    ),
    'external-domain-tls': flagOf(
      'disabled',
      SWITCH,
      'Whether certificates are got for host names outside the cluster.',
    ),
    'cluster-local-domain-tls': oneOfWords(
      'disabled',
      SWITCH,
      'Whether host names inside the cluster are served with TLS.',
      unsupported('cluster-local-domain-tls'),
    ),
    'system-internal-tls': oneOfWords(
      'disabled',
      SWITCH,
      'Whether traffic between parts of the platform is encrypted.',
      unsupported('system-internal-tls'),
    ),
    'http-protocol': oneOfWords(
      'enabled',
      PROTOCOLS,
      'What plain HTTP gets where a Route has TLS: enabled, redirected, or disabled.',
      (raw) => `httpProtocol ${raw} in config-network ConfigMap is not supported`,
      'httpProtocol',
    ),
    'rollout-duration': whole(0, 'Over how many seconds traffic moves to a new revision.', 'rolloutDuration'),
    'autocreate-cluster-domain-claims': onOff(
      false,
      'Whether a DomainMapping claims its domain name by itself.',
      'autocreateClusterDomainClaims',
    ),
    'enable-mesh-pod-addressability': onOff(
      false,
      'Whether Pods are reached by a name that a mesh understands. Kept, not heeded here.',
    ),
    'mesh-compatibility-mode': flagOf(
      'auto',
      MESH_MODES,
      'Whether to go by Services rather than by Pods: auto, enabled, or disabled. Kept, not heeded here.',
    ),
    'default-external-scheme': words(
      'http',
      'The scheme of the URLs of public Routes without TLS.',
      'defaultExternalScheme',
    ),
  },
  {
    component: 'networking',
    doc: '',
    seed: { 'ingress-class': EBB_INGRESS_CLASS, 'certificate-class': EBB_CERTIFICATE_CLASS },
    derive(values, data) {
      const external = data['external-domain-tls'] ?? data['auto-tls'] ?? data['autoTLS'];
      const system = data['system-internal-tls'];
      const older = data['internal-encryption'] === 'true' && (system === undefined || system === '');
      return {
        externalDomainTls: isEnabled(external) ? ('enabled' as const) : ('disabled' as const),
        systemInternalTls: older ? ('enabled' as const) : values.systemInternalTls,
      };
    },
    check: ({ rolloutDuration: seconds }) =>
      seconds < 0 ? `rollout-duration must be a positive integer, but was ${seconds}` : undefined,
  },
);
export type NetworkConfig = ConfigOf<typeof networkConfig>;
