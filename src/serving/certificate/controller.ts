// A Certificate becomes a Secret with a certificate and its key, and stays one that is good: from the local CA at once, by ACME in time.

import { rfc3339 } from '#base/mod.ts';
import type { Reader, Turn } from '#engine/mod.ts';
import { defineController, index, watch } from '#engine/mod.ts';
import type { CertificateConfig } from '#kinds/mod.ts';
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
import type { ObjectKey } from '#machinery/mod.ts';
import { isReady, keyOf, splitKey } from '#machinery/mod.ts';
import type { AccountBinding, HttpChallenge, KeyPair, Life } from '#pki/mod.ts';
import { challengePath, lifeOf } from '#pki/mod.ts';
import type { Labels, Metrics } from '#telemetry/mod.ts';
import { HOSTS_INDEX, hostsOf, ingressesByHost } from '../ingress/hosts.ts';
import { firstOf } from '../metadata.ts';
import type { Http01Challenge } from './children.ts';
import { challengeServiceOf, secretOf } from './children.ts';
import type { CertificateIssuers } from './issuers.ts';
import { issuerOf, judgeHeld, LOCAL } from './judge.ts';
import type { Orders, OrderState } from './orders.ts';

type CertificateTurn = Turn<Certificate>;

const BY_SECRET = 'serving/certificates-by-secret';
const BY_NAME = 'serving/certificates-by-dns-name';
/** Timers of some systems do not reach further than weeks. */
const MAX_SLEEP_MS = 86_400_000;
const CHALLENGE_PORT = 80;

export interface CertificateControllerParts {
  readonly issuers: CertificateIssuers;
  readonly orders: Orders;
  /** Where it is shown when certificates end. */
  readonly metrics: Metrics;
}

export function certificateController({ issuers, orders, metrics }: CertificateControllerParts) {
  const ends = metrics.gauge('ebb.certificate.not_after');

  function tellReady({ key, mark, status }: CertificateTurn, { notAfter }: Life): void {
    status.notAfter = rfc3339(notAfter);
    mark.true('Ready');
    ends.set(notAfter / 1000, labelsOf(key));
  }

  return defineController({
    name: 'certificate-controller',
    of: Certificate,
    owns: [CoreService],
    watches: [
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
    ],
    indexes: [
      index(Certificate, BY_SECRET, ({ metadata, spec }) => [`${metadata.namespace}/${spec.secretName}`]),
      index(Certificate, BY_NAME, ({ spec }) => spec.dnsNames),
      ingressesByHost,
    ],
    configs: [certificateConfig],
    selects: ({ metadata }) => firstOf(metadata.annotations, CERTIFICATE_CLASS_KEYS) === EBB_CERTIFICATE_CLASS,
    listen(poke) {
      const quiet = orders.onChange(poke);
      return () => {
        quiet();
        orders.close();
      };
    },
    forget(key) {
      orders.forget(key);
      ends.remove(labelsOf(key));
    },

    async reconcile(turn) {
      const config = turn.config(certificateConfig);
      const { namespace = '' } = turn.object.metadata;
      const { secretName } = turn.object.spec;
      const issuer = issuerOf(turn.object, config);
      const caPem = await issuers.local.caPem();
      const held = judgeHeld(turn.object, turn.get(Secret, namespace, secretName), { issuer, caPem, now: turn.now });
      if (held.state === 'taken') {
        const why = `There is an existing Secret ${JSON.stringify(secretName)} that we do not own.`;
        return turn.mark.false('Ready', 'NotOwned', why);
      }
      if (held.state !== 'wanting') tellReady(turn, held.life);
      if (held.state === 'good') return settle(turn, held.life);
      if (issuer === LOCAL)
        return keep(turn, await issuers.local.issue(turn.object.spec.dnsNames, config.localDuration), issuer);
      await order(turn, config, issuer, held.state === 'due');
    },
  });

  /** Nothing is to be done before the certificate's time comes. */
  async function settle(turn: CertificateTurn, { renewAt }: Life): Promise<void> {
    orders.forget(turn.key);
    await turn.prune(CoreService, []);
    delete turn.status.http01Challenges;
    turn.mark.clear('Renewing');
    turn.again(Math.min(MAX_SLEEP_MS, Math.max(0, renewAt - turn.now)));
  }

  async function keep(turn: CertificateTurn, pair: KeyPair, issuer: string): Promise<void> {
    const { dnsNames, secretName } = turn.object.spec;
    const life = lifeOf(pair, { hosts: dnsNames });
    if (!life) throw new Error(`what ${issuer} issued is no certificate for ${dnsNames.join(', ')}`);
    const caPem = issuer === LOCAL ? await issuers.local.caPem() : undefined;
    const { outcome } = await turn.apply(Secret, secretOf(turn.object, pair, issuer, caPem));
    if (outcome === 'taken') throw new Error(`somebody else has just made a Secret ${JSON.stringify(secretName)}`);
    turn.event('Normal', 'Issued', `Issued a certificate until ${rfc3339(life.notAfter)}`);
    tellReady(turn, life);
    await settle(turn, life);
  }

  /** Looks how far the order is, and tells. A certificate that is still good stays in service meanwhile. */
  async function order(
    turn: CertificateTurn,
    config: CertificateConfig,
    issuer: string,
    served: boolean,
  ): Promise<void> {
    const { dnsNames } = turn.object.spec;
    if (dnsNames.some((name) => name.startsWith('*'))) {
      const why = `${dnsNames.join(', ')}: an ACME server proves a wildcard by DNS alone, which is not built; take issuer local for it`;
      return tell(turn, served, 'False', 'WildcardNotProvable', why);
    }
    const binding = bindingOf(turn, config.acmeEabSecret);
    if (config.acmeEabSecret && !binding) {
      const why = `Secret "${SERVING_NAMESPACE}/${config.acmeEabSecret}" of acme-eab-secret must have the keys kid and hmac`;
      return tell(turn, served, 'False', 'AccountBindingMissing', why);
    }
    const settings = { directory: issuer, email: config.acmeEmail, caBundle: config.acmeCaBundle, binding };
    const state = orders.follow(turn.key, settings, dnsNames, `http01-${turn.object.metadata.uid}`);
    if (state.phase === 'proving') await turn.claim(CoreService, challengeServiceOf(turn.object, state.service));
    else await turn.prune(CoreService, []);
    turn.status.http01Challenges = state.phase === 'proving' ? challengesOf(turn, state) : undefined;
    switch (state.phase) {
      case 'issued':
        return keep(turn, state.pair, issuer);
      case 'failed':
        tell(turn, served, 'False', 'OrderFailed', `${state.why}. Tried again at ${rfc3339(state.retryAt)}.`);
        return turn.again(state.dueMs - turn.steadyNow);
      case 'proving':
        tell(
          turn,
          served,
          'Unknown',
          'InProgress',
          `${issuer} is to fetch ${state.challenges.map(({ host }) => `http://${host}${CHALLENGES}`).join(', ')}`,
        );
        if (state.challenges.every((challenge) => isLed(turn, challenge))) orders.reached(turn.key);
        return;
      default:
        tell(turn, served, 'Unknown', 'InProgress', `${dnsNames.join(', ')} is ordered of ${issuer}`);
    }
  }
}

const CHALLENGES = challengePath('');

function challengesOf(
  { object }: CertificateTurn,
  { challenges, service }: Extract<OrderState, { phase: 'proving' }>,
): Http01Challenge[] {
  return challenges.map(({ host, token }) => ({
    url: `http://${host}${challengePath(token)}`,
    serviceName: service,
    serviceNamespace: object.metadata.namespace,
    servicePort: CHALLENGE_PORT,
  }));
}

/** Whether an Ingress that is in force leads the challenge's path to where it is answered. */
function isLed(reader: Reader, { host, token }: HttpChallenge): boolean {
  const path = challengePath(token);
  const leads = (ingress: KIngress) =>
    (ingress.spec.rules ?? []).some(
      ({ hosts = [], http }) => hosts.includes(host) && http?.paths.some((one) => one.path === path),
    );
  return reader.byIndex(KIngress, HOSTS_INDEX, host).some((ingress) => leads(ingress) && isReady(ingress));
}

function bindingOf(reader: Reader, name: string): AccountBinding | undefined {
  const { kid, hmac } = (name && reader.get(Secret, SERVING_NAMESPACE, name)?.data) || {};
  const text = (base64: string) => Buffer.from(base64, 'base64').toString('utf8').trim();
  return kid && hmac ? { kid: text(kid), hmac: text(hmac) } : undefined;
}

function labelsOf(key: ObjectKey): Labels {
  const { namespace, name } = splitKey(key);
  return { 'k8s.namespace.name': namespace, name };
}

/** Of a certificate that is still served it is told beside, and Ready stays. */
function tell(
  { mark }: CertificateTurn,
  served: boolean,
  ready: 'Unknown' | 'False',
  reason: string,
  what: string,
): void {
  if (served) return mark.trueWith('Renewing', reason, what);
  mark.clear('Renewing');
  if (ready === 'False') mark.false('Ready', reason, what);
  else mark.unknown('Ready', reason, what);
}
