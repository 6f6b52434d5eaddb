// Answers to those who ask what the API has. The documents are made again when the set of kinds changes.

import type { Scheme } from '#objects/mod.ts';
import { unknownResource } from '#machinery/mod.ts';
import type { Exchange } from '../exchange.ts';
import { send, sendObject } from '../exchange.ts';
import { negotiate } from '../request/media.ts';
import { aggregated, apiVersions, groupDocument, groupList, resourceList } from './documents.ts';
import type { ApiGroup } from './groups.ts';
import { groupsOf } from './groups.ts';

export class Discovery {
  readonly #scheme: Scheme;
  readonly #stopListening: () => void;
  #groups: readonly ApiGroup[] | undefined;

  constructor(scheme: Scheme) {
    this.#scheme = scheme;
    this.#stopListening = scheme.onChange(() => {
      this.#groups = undefined;
    });
  }

  close(): void {
    this.#stopListening();
  }

  /** All groups as they are now. */
  get groups(): readonly ApiGroup[] {
    this.#groups ??= groupsOf(this.#scheme.kinds);
    return this.#groups;
  }

  /** Answers a path below `/api` or `/apis` that names no resource. Throws 404. */
  async serve(exchange: Exchange): Promise<void> {
    const [root, ...rest] = exchange.info.path.slice(1).split('/');
    const isRoot = rest.length === 0;
    const form = negotiate(exchange.request.headers.accept, isRoot ? ['discovery'] : []);
    if (form.as === 'discovery') return this.#sendAggregated(exchange, root === 'api', form.version);
    const document = isRoot ? this.#root(exchange, root === 'api') : this.#below(root === 'api' ? ['', ...rest] : rest);
    await sendObject(exchange, 200, document, form);
  }

  async #sendAggregated(exchange: Exchange, isCore: boolean, version: string): Promise<void> {
    const groups = this.groups.filter(({ name }) => (name === '') === isCore);
    const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    await send(exchange, 200, type, JSON.stringify(aggregated(groups, version)));
  }

  #root({ request }: Exchange, isCore: boolean): object {
    if (!isCore) return groupList(this.groups);
    return apiVersions(this.#group(''), request.headers.host ?? '');
  }

  #below([name = '', wanted, ...more]: readonly string[]): object {
    const group = this.#group(name);
    if (!group || more.length > 0) throw unknownResource();
    if (wanted === undefined) return groupDocument(group);
    const version = group.versions.find((candidate) => candidate.version === wanted);
    if (!version) throw unknownResource();
    return resourceList(version);
  }

  #group(name: string): ApiGroup | undefined {
    return this.groups.find((group) => group.name === name);
  }
}
