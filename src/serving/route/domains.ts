// Host names of a Route and its tags, and who may see them.

import type { DomainConfig, NetworkConfig, Route } from '#kinds/mod.ts';
import { CLUSTER_DOMAIN, CLUSTER_LOCAL_VISIBILITY, domainFor, VISIBILITY_LABEL } from '#kinds/mod.ts';
import { fullyQualifiedDomainNameFault } from '#machinery/mod.ts';
import type { OutsidePorts } from '../outside.ts';
import { outsideUrl } from '../outside.ts';

const LOCAL_DOMAIN = `svc.${CLUSTER_DOMAIN}`;

export interface DomainSettings {
  readonly domains: DomainConfig;
  readonly network: NetworkConfig;
  /** Ports by which the gateway is reached from outside, where they are not those of the schemes. */
  readonly outside?: OutsidePorts;
}

/** The host names of one Route; the empty tag is the Route itself. */
export class RouteDomains {
  readonly #route: Route;
  readonly #settings: DomainSettings;
  /** Tags whose placeholder Service bears the label that makes them private. */
  readonly #privateTags: ReadonlySet<string>;

  constructor(route: Route, settings: DomainSettings, privateTags: ReadonlySet<string>) {
    this.#route = route;
    this.#settings = settings;
    this.#privateTags = privateTags;
  }

  /** `hello`, or `tag-hello` by the tag template. */
  name(tag: string): string {
    const { name } = this.#route.metadata;
    return tag ? this.#settings.network.tagTemplate({ Name: name, Tag: tag }) : name;
  }

  isPrivate(tag: string): boolean {
    const { labels } = this.#route.metadata;
    return (
      labels?.[VISIBILITY_LABEL] === CLUSTER_LOCAL_VISIBILITY ||
      this.#privateTags.has(tag) ||
      this.domain === LOCAL_DOMAIN
    );
  }

  /** The name inside the cluster, in its longest spelling. */
  localHost(tag: string): string {
    return `${this.name(tag)}.${this.#namespace}.${LOCAL_DOMAIN}`;
  }

  /** The three spellings under which the Route is found inside the cluster. */
  localHosts(tag: string): string[] {
    const short = `${this.name(tag)}.${this.#namespace}`;
    return [short, `${short}.svc`, `${short}.${LOCAL_DOMAIN}`];
  }

  /** The name for the outside, or the local one where there is none. Throws where the template makes no name of this Route. */
  publicHost(tag: string): string {
    if (this.isPrivate(tag)) return this.localHost(tag);
    const { annotations = {}, labels = {} } = this.#route.metadata;
    const host = this.#settings.network.domainTemplate({
      Name: this.name(tag),
      Namespace: this.#namespace,
      Domain: this.domain,
      Annotations: annotations,
      Labels: labels,
    });
    const fault = fullyQualifiedDomainNameFault('url', host);
    if (fault !== undefined) throw new Error(`invalid domain name ${JSON.stringify(host)}: ${fault}`);
    return host;
  }

  /** Where a client finds the Route, as its status tells. */
  url(tag: string, secure = false): string {
    const isPrivate = this.isPrivate(tag);
    const scheme = secure ? 'https' : isPrivate ? 'http' : this.#settings.network.defaultExternalScheme;
    return outsideUrl(scheme, this.publicHost(tag), isPrivate ? undefined : this.#settings.outside);
  }

  get #namespace(): string {
    return this.#route.metadata.namespace ?? '';
  }

  /** The domain that public names are under. */
  get domain(): string {
    return domainFor(this.#settings.domains, this.#route.metadata.labels ?? {});
  }
}
