// config-domain: under which domain a Route gets its host name. Each key is a domain, its value the labels it is for.

import { isRecord } from '#base/mod.ts';
import { CLUSTER_LOCAL_VISIBILITY, SERVING_NAMESPACE, VISIBILITY_LABEL } from '../labels.ts';
import type { ConfigMapDefinition } from './define.ts';
import { EXAMPLE_KEY } from './define.ts';
import { yamlRecord } from './settings.ts';

/** The domain of names inside the cluster. */
export const CLUSTER_DOMAIN = 'cluster.local';
const CLUSTER_LOCAL = `svc.${CLUSTER_DOMAIN}`;

export interface DomainChoice {
  readonly domain: string;
  readonly selector: Readonly<Record<string, string>>;
  /** `wildcard`, or empty: whether namespaces get wildcard certificates under it. */
  readonly type: string;
}
export interface DomainConfig {
  readonly domains: readonly DomainChoice[];
}

function readChoice(domain: string, raw: string): DomainChoice {
  const fields = yamlRecord(raw, 'config.domainInternalConfig') ?? {};
  const given = isRecord(fields['selector']) ? fields['selector'] : {};
  const selector = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]));
  const type = fields['type'];
  const isDefault = Object.keys(selector).length === 0;
  return { domain, selector, type: isDefault ? 'wildcard' : typeof type === 'string' ? type : '' };
}

const EXAMPLE = `################################
#                              #
#    EXAMPLE CONFIGURATION     #
#                              #
################################

# Nothing in this block is in force: it shows what may be set.

# A domain for every Route that no other one is meant for. Without one,
# such Routes can be reached only from inside.
example.com: |

# A domain for Routes with these labels; the most labels win.
example.org: |
  selector:
    app: nonprofit

# With this, a Route's name has no domain but the one inside the cluster.
svc.cluster.local: |
  selector:
    app: secret
`;

export const domainConfig: ConfigMapDefinition<DomainConfig> = {
  name: 'config-domain',
  namespace: SERVING_NAMESPACE,
  component: 'controller',
  doc: 'Each key is a domain; its value says for which labels of a Route it is.',
  rows: {},
  example: EXAMPLE,
  seed: { localhost: '' },
  parse(data) {
    const entries = Object.entries(data).filter(([key]) => key !== EXAMPLE_KEY);
    const domains = entries.map(([domain, raw]) => readChoice(domain, raw));
    const hasDefault = domains.some(({ selector }) => Object.keys(selector).length === 0);
    return { domains: hasDefault ? domains : [...domains, { domain: CLUSTER_LOCAL, selector: {}, type: 'wildcard' }] };
  },
};

/** The domain for a Route with these labels. */
export function domainFor({ domains }: DomainConfig, labels: Readonly<Record<string, string>>): string {
  if (labels[VISIBILITY_LABEL] === CLUSTER_LOCAL_VISIBILITY) return CLUSTER_LOCAL;
  const size = ({ selector }: DomainChoice): number => Object.keys(selector).length;
  const matching = domains.filter(({ selector }) =>
    Object.entries(selector).every(([key, value]) => labels[key] === value),
  );
  matching.sort((a, b) => size(b) - size(a) || (a.domain < b.domain ? -1 : 1));
  return matching[0]?.domain ?? CLUSTER_LOCAL;
}
