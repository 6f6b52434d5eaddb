// Where the host of a URL is to be found: a Service's endpoints, as the control process knows them, or what the world's names say.

import type { Clock, Random } from '#base/mod.ts';
import type { ServicePlaces, WantedService } from '#events/mod.ts';
import type { Place } from './wire.ts';

/** How long what was told is taken for true. Endpoints that refuse are asked for anew at once. */
const FRESH_MS = 1000;
/** What is kept, at most: the one that was asked for longest ago goes first. */
const MAX_KEPT = 10_000;
/** How often a name may be only another name for one more. */
const MAX_ALIASES = 4;

export type AskForPlaces = (service: WantedService) => Promise<ServicePlaces>;

interface Known {
  readonly at: number;
  readonly places: Promise<ServicePlaces>;
}

export interface PlacesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly ask: AskForPlaces;
}

export class Places {
  readonly #options: PlacesOptions;
  readonly #known = new Map<string, Known>();
  /** The last that was told, for as long as nobody can be asked. */
  readonly #last = new Map<string, ServicePlaces>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** One of the ready endpoints, or the host itself where it is no Service's. Rejects where a Service has none. */
  async find(host: string, port: number): Promise<Place> {
    let name = host;
    for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
      const service = serviceOf(name, port);
      const found = service && (await this.#ask(service));
      if (!found || found.kind === 'unknown') return this.#outside(name, port, service);
      if (found.kind === 'alias') {
        name = found.host;
        continue;
      }
      const { places } = found;
      const place = places[Math.floor(this.#options.random.next() * places.length)];
      if (!place) throw new Error(`no endpoint of ${host} is ready`);
      return place;
    }
    throw new Error(`${host} is one of too many names for one another`);
  }

  /** A connection was refused: what is known of the host may be old. */
  forget(host: string, port: number): void {
    const service = serviceOf(host, port);
    if (service) this.#known.delete(nameOf(service));
  }

  #outside(host: string, port: number, service: WantedService | undefined): Place {
    if (service?.isSure) throw new Error(`there is no Service ${service.namespace}/${service.name} with port ${port}`);
    return { host, port };
  }

  async #ask(service: WantedService): Promise<ServicePlaces> {
    const name = nameOf(service);
    const now = this.#options.clock.monotonic();
    const known = this.#known.get(name);
    if (known && now - known.at < FRESH_MS) return known.places;
    const places = this.#options.ask(service).then(
      (told) => this.#keep(name, told),
      (error: unknown) => {
        const last = this.#last.get(name);
        if (last) return last;
        this.#known.delete(name);
        throw error;
      },
    );
    this.#known.delete(name);
    this.#known.set(name, { at: now, places });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KEPT && oldest !== undefined) this.#forgetAll(oldest);
    return places;
  }

  #keep(name: string, told: ServicePlaces): ServicePlaces {
    this.#last.set(name, told);
    return told;
  }

  #forgetAll(name: string): void {
    this.#known.delete(name);
    this.#last.delete(name);
  }
}

/** `NAME.NAMESPACE.svc.cluster.local` and what is short for it; two words may be a name of the world as well. */
export function serviceOf(host: string, port: number): WantedService | undefined {
  const labels = host.split('.');
  const [name = '', namespace, svc, ...domain] = labels;
  if (namespace === undefined) return undefined;
  if (labels.length === 2) return { namespace, name, port, isSure: false };
  const isSure = svc === 'svc' && (domain.length === 0 || domain.join('.') === 'cluster.local');
  return isSure ? { namespace, name, port, isSure } : undefined;
}

function nameOf({ namespace, name, port }: WantedService): string {
  return `${namespace}/${name}:${port}`;
}
