// What is done for a Certificate: it is kept, issued or ordered, and told of.

import { rfc3339 } from '#base/mod.ts';
import type { Reader, Turn } from '#engine/mod.ts';
import type { Certificate, CertificateConfig } from '#kinds/mod.ts';
import { CoreService, Secret, SERVING_NAMESPACE } from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { splitKey } from '#machinery/mod.ts';
import type { AccountBinding, KeyPair, Life } from '#pki/mod.ts';
import { lifeOf } from '#pki/mod.ts';
import type { Gauge, Labels, Metrics } from '#telemetry/mod.ts';
import { challengesOf, isLed, placesOf } from './challenges.ts';
import { challengeServiceOf, secretOf } from './children.ts';
import type { AcmeSettings, CertificateIssuers } from './issuers.ts';
import { issuerOf, judgeHeld, LOCAL } from './judge.ts';
import type { Orders, OrderState } from './orders.ts';

export type CertificateTurn = Turn<Certificate>;

/** Timers of some systems do not reach further than weeks. */
const MAX_SLEEP_MS = 86_400_000;

export interface CertificateKeeperParts {
  readonly issuers: CertificateIssuers;
  readonly orders: Orders;
  /** Where it is shown when certificates end. */
  readonly metrics: Metrics;
}

/** What Ready says of a certificate that is not there yet, and why. */
interface Word {
  readonly ready: 'Unknown' | 'False';
  readonly reason: string;
  readonly what: string;
}

export class CertificateKeeper {
  readonly #issuers: CertificateIssuers;
  readonly #orders: Orders;
  readonly #ends: Gauge;

  constructor({ issuers, orders, metrics }: CertificateKeeperParts) {
    this.#issuers = issuers;
    this.#orders = orders;
    this.#ends = metrics.gauge('ebb.certificate.not_after');
  }

  forget(key: ObjectKey): void {
    this.#orders.forget(key);
    this.#ends.remove(labelsOf(key));
  }

  /** Looks at what is held, and gets what is wanting. */
  async attend(turn: CertificateTurn, config: CertificateConfig): Promise<void> {
    const { namespace = '' } = turn.object.metadata;
    const { secretName, dnsNames } = turn.object.spec;
    const issuer = issuerOf(turn.object, config);
    const caPem = await this.#issuers.local.caPem();
    const held = judgeHeld(turn.object, turn.get(Secret, namespace, secretName), { issuer, caPem, now: turn.now });
    if (held.state === 'taken') {
      await this.#cease(turn);
      const why = `There is an existing Secret ${JSON.stringify(secretName)} that we do not own.`;
      return turn.mark.false('Ready', 'NotOwned', why);
    }
    if (held.state !== 'wanting') this.#tellReady(turn, held.life);
    if (held.state === 'good') return this.#settle(turn, held.life);
    if (issuer === LOCAL)
      return this.#keep(turn, await this.#issuers.local.issue(dnsNames, config.localDuration), issuer);
    await this.#order(turn, config, issuer, held.state === 'due');
  }

  #tellReady({ key, mark, status }: CertificateTurn, { notAfter }: Life): void {
    status.notAfter = rfc3339(notAfter);
    mark.true('Ready');
    this.#ends.set(notAfter / 1000, labelsOf(key));
  }

  /** Nothing is to be done before the certificate's time comes. */
  async #settle(turn: CertificateTurn, { renewAt }: Life): Promise<void> {
    await this.#cease(turn);
    turn.mark.clear('Renewing');
    turn.again(Math.min(MAX_SLEEP_MS, Math.max(0, renewAt - turn.now)));
  }

  /** Whatever order is under way is no longer wanted, with all that it shows. */
  async #cease(turn: CertificateTurn): Promise<void> {
    this.#orders.forget(turn.key);
    await hideChallenges(turn);
  }

  async #keep(turn: CertificateTurn, pair: KeyPair, issuer: string): Promise<void> {
    const { dnsNames, secretName } = turn.object.spec;
    const life = lifeOf(pair, { hosts: dnsNames });
    if (!life) throw new Error(`what ${issuer} issued is no certificate for ${dnsNames.join(', ')}`);
    const caPem = issuer === LOCAL ? await this.#issuers.local.caPem() : undefined;
    const { outcome } = await turn.apply(Secret, secretOf(turn.object, pair, issuer, caPem));
    if (outcome === 'taken') throw new Error(`somebody else has just made a Secret ${JSON.stringify(secretName)}`);
    turn.event('Normal', 'Issued', `Issued a certificate until ${rfc3339(life.notAfter)}`);
    this.#tellReady(turn, life);
    await this.#settle(turn, life);
  }

  /** Looks how far the order is, and tells. A certificate that is still good stays in service meanwhile. */
  async #order(turn: CertificateTurn, config: CertificateConfig, issuer: string, served: boolean): Promise<void> {
    const asked = settingsOf(turn, config, issuer);
    if ('reason' in asked) {
      await this.#cease(turn);
      return tell(turn, served, asked);
    }
    const { spec, metadata } = turn.object;
    const state = this.#orders.follow(turn.key, asked, spec.dnsNames, `http01-${metadata.uid}`);
    await showChallenges(turn, state);
    if (state.phase === 'issued') return this.#keep(turn, state.pair, issuer);
    tell(turn, served, wordOf(state, issuer, spec.dnsNames));
    if (state.phase === 'failed') turn.again(state.dueMs - turn.steadyNow);
    if (state.phase === 'proving' && state.challenges.every((challenge) => isLed(turn, challenge)))
      this.#orders.reached(turn.key);
  }
}

/** With what the order is placed, or what is in its way. */
function settingsOf(turn: CertificateTurn, config: CertificateConfig, directory: string): AcmeSettings | Word {
  const { dnsNames } = turn.object.spec;
  if (dnsNames.some((name) => name.startsWith('*'))) {
    const what = `${dnsNames.join(', ')}: an ACME server proves a wildcard by DNS alone, which is not built; take issuer local for it`;
    return { ready: 'False', reason: 'WildcardNotProvable', what };
  }
  const { acmeEmail: email, acmeCaBundle: caBundle, acmeEabSecret } = config;
  const binding = bindingOf(turn, acmeEabSecret);
  if (acmeEabSecret && !binding) {
    const what = `Secret "${SERVING_NAMESPACE}/${acmeEabSecret}" of acme-eab-secret must have the keys kid and hmac`;
    return { ready: 'False', reason: 'AccountBindingMissing', what };
  }
  return { directory, email, caBundle, binding };
}

function bindingOf(reader: Reader, name: string): AccountBinding | undefined {
  const { kid, hmac } = (name && reader.get(Secret, SERVING_NAMESPACE, name)?.data) || {};
  const text = (base64: string) => Buffer.from(base64, 'base64').toString('utf8').trim();
  return kid && hmac ? { kid: text(kid), hmac: text(hmac) } : undefined;
}

/** While names are proven, a Service of the Certificate answers for them. */
async function showChallenges(turn: CertificateTurn, state: OrderState): Promise<void> {
  if (state.phase === 'proving') {
    await turn.claim(CoreService, challengeServiceOf(turn.object, state.service));
    turn.status.http01Challenges = challengesOf(turn.object, state);
  } else await hideChallenges(turn);
}

async function hideChallenges(turn: CertificateTurn): Promise<void> {
  await turn.prune(CoreService, []);
  delete turn.status.http01Challenges;
}

function wordOf(state: Exclude<OrderState, { phase: 'issued' }>, issuer: string, dnsNames: readonly string[]): Word {
  if (state.phase === 'failed')
    return {
      ready: 'False',
      reason: 'OrderFailed',
      what: `${state.why}. Tried again at ${rfc3339(state.retryAt)}.`,
    };
  const what =
    state.phase === 'proving'
      ? `${issuer} is to fetch ${placesOf(state)}`
      : `${dnsNames.join(', ')} is ordered of ${issuer}`;
  return { ready: 'Unknown', reason: 'InProgress', what };
}

/** Of a certificate that is still served it is told beside, and Ready stays. */
function tell({ mark }: CertificateTurn, served: boolean, { ready, reason, what }: Word): void {
  if (served) return mark.trueWith('Renewing', reason, what);
  mark.clear('Renewing');
  if (ready === 'False') mark.false('Ready', reason, what);
  else mark.unknown('Ready', reason, what);
}

function labelsOf(key: ObjectKey): Labels {
  const { namespace, name } = splitKey(key);
  return { 'k8s.namespace.name': namespace, name };
}
