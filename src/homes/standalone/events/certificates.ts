// The certificates by which events come in over TLS: told to the gateway for what it serves, and kept for the sinks' own server.

import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { Clock } from '#base/mod.ts';
import { DAY_MS, messageOf } from '#base/mod.ts';
import type { Engine } from '#engine/mod.ts';
import { CERTIFICATE_SECRETS, givenCertificate, spellingsOf } from '#eventing/mod.ts';
import type { GatewayControl } from '#gateway/mod.ts';
import {
  BROKER_INGRESS,
  CHANNEL_DISPATCHER,
  EVENTING_NAMESPACE,
  eventingFeaturesConfig,
  REQUEST_REPLY,
  Secret,
} from '#kinds/mod.ts';
import type { KeyPair } from '#pki/mod.ts';
import { daily } from '#pki/mod.ts';
import type { Informers } from '#objects/mod.ts';
import type { Logger } from '#telemetry/mod.ts';

const LIFE_MS = 90 * DAY_MS;
/** A certificate of the platform's own is made anew so long before its end. */
const RENEW_MS = 30 * DAY_MS;
/** Hosts of sinks for which certificates are kept; the one that was made first goes first. */
const MAX_KEPT = 1000;
/** Services whose requests the gateway takes. */
const BY_GATEWAY = [BROKER_INGRESS, CHANNEL_DISPATCHER, REQUEST_REPLY];

export interface EventCertificatesOptions {
  readonly informers: Informers;
  readonly config: Engine['config'];
  readonly gateway: Pick<GatewayControl, 'setIngress'>;
  /** A certificate of the platform's own authority. */
  readonly issue: (hosts: readonly string[], lifeMs: number) => Promise<KeyPair>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Own {
  readonly pair: KeyPair;
  /** When it was made. */
  readonly from: number;
  readonly until: number;
}

/** What is shown at each host. Where TLS is switched off nothing is made. */
export class EventCertificates {
  readonly #options: EventCertificatesOptions;
  readonly #own = new Map<string, Promise<Own>>();
  readonly #contexts = new WeakMap<KeyPair, SecureContext>();
  /** Changes of what the gateway shows follow one another. */
  #telling: Promise<void> = Promise.resolve();

  constructor(options: EventCertificatesOptions) {
    this.#options = options;
  }

  /** Keeps the gateway told. Returns the stop. */
  start(): () => void {
    const { informers, config, clock } = this.#options;
    const secrets = Object.values(CERTIFICATE_SECRETS);
    const stops = [
      config.onChange(eventingFeaturesConfig, () => this.#tellAll()),
      informers.of(Secret).onChange(({ before, after }) => {
        const { namespace, name = '' } = (after ?? before)?.metadata ?? {};
        if (namespace === EVENTING_NAMESPACE && secrets.includes(name)) this.#tellAll();
      }),
      daily(
        clock,
        async () => this.#tellAll(),
        () => undefined,
        () => undefined,
      ),
    ];
    this.#tellAll();
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** What a server shows where it is asked for this host. */
  async contextFor(host: string): Promise<SecureContext> {
    const service = Object.keys(CERTIFICATE_SECRETS).find((name) =>
      spellingsOf(name, EVENTING_NAMESPACE).includes(host),
    );
    const pair = service === undefined ? await this.#ownPair([host]) : await this.#pairOf(service);
    const context = this.#contexts.get(pair) ?? contextOf(pair);
    this.#contexts.set(pair, context);
    return context;
  }

  #tellAll(): void {
    const { config, gateway, log } = this.#options;
    this.#telling = this.#telling.then(async () => {
      if (config.get(eventingFeaturesConfig).encryption === 'disabled') return;
      for (const service of BY_GATEWAY)
        try {
          const { certPem, keyPem } = await this.#pairOf(service);
          const hosts = spellingsOf(service, EVENTING_NAMESPACE);
          await gateway.setIngress(`events/${service}`, { rules: [], tls: [{ hosts, certPem, keyPem }] });
        } catch (error) {
          log.error('events cannot be taken by TLS', { service, error: messageOf(error) });
        }
    });
  }

  async #pairOf(service: string): Promise<KeyPair> {
    const { informers } = this.#options;
    const given = givenCertificate(service, {
      get: (kind, namespace, name) => informers.of(kind).get(namespace, name),
    });
    return given ?? this.#ownPair(spellingsOf(service, EVENTING_NAMESPACE));
  }

  async #ownPair(hosts: readonly string[]): Promise<KeyPair> {
    const { clock, issue } = this.#options;
    const key = hosts.join();
    const known = await this.#own.get(key);
    const from = clock.now();
    // Where the clock was set back it may not be valid yet.
    if (known && known.from <= from && from < known.until - RENEW_MS) return known.pair;
    const [oldest] = this.#own.keys();
    if (this.#own.size >= MAX_KEPT && oldest !== undefined) this.#own.delete(oldest);
    const made = issue(hosts, LIFE_MS).then((pair) => ({ pair, from, until: from + LIFE_MS }));
    this.#own.set(key, made);
    made.catch(() => this.#own.delete(key));
    return (await made).pair;
  }
}

function contextOf({ certPem, keyPem }: KeyPair): SecureContext {
  return createSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.2' });
}
