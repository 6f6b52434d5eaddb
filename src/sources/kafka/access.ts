// How the brokers of a KafkaSource are reached, out of its spec and the Secrets that it names. Pure over what is read.

import type { KafkaAccess, SaslMechanism } from '#kafka/mod.ts';
import { SASL_MECHANISMS } from '#kafka/mod.ts';
import type { KafkaSource, Secret } from '#kinds/mod.ts';

type Net = NonNullable<KafkaSource['spec']['net']>;
type KeyRef = NonNullable<NonNullable<Net['tls']>['cert']>;

export type FoundAccess = { readonly access: KafkaAccess } | { readonly fault: string };

/** The Secrets that a source names. */
export function secretsOf({ net }: KafkaSource['spec']): readonly string[] {
  const { user, password, type } = net?.sasl ?? {};
  const { cert, key, caCert } = net?.tls ?? {};
  return [user, password, type, cert, key, caCert].flatMap((one) => one?.secretKeyRef?.name ?? []);
}

/** `secret` finds one of the source's namespace. */
export function accessOf(
  { bootstrapServers = [], net }: KafkaSource['spec'],
  secret: (name: string) => Secret | undefined,
): FoundAccess {
  const faults: string[] = [];
  const read = (what: string, ref: KeyRef | undefined): string | undefined => {
    const { name, key } = ref?.secretKeyRef ?? {};
    if (!name || !key) return undefined;
    const value = secret(name)?.data?.[key];
    if (value === undefined)
      faults.push(`spec.net.${what}: Secret ${JSON.stringify(name)} has no key ${JSON.stringify(key)}`);
    return value && Buffer.from(value, 'base64').toString('utf8');
  };
  const access = {
    servers: bootstrapServers,
    ...(net?.sasl?.enable ? { sasl: saslOf(net.sasl, read, faults) } : {}),
    ...(net?.tls?.enable ? { tls: tlsOf(net.tls, read) } : {}),
  };
  return faults.length > 0 ? { fault: faults.join('; ') } : { access };
}

type Read = (what: string, ref: KeyRef | undefined) => string | undefined;

function saslOf({ user, password, type }: NonNullable<Net['sasl']>, read: Read, faults: string[]) {
  const asked = read('sasl.type', type)?.trim() || 'PLAIN';
  const mechanism = SASL_MECHANISMS.find((one) => one === asked);
  if (!mechanism) faults.push(`spec.net.sasl.type: expected one of ${SASL_MECHANISMS.join(', ')}, but it is ${asked}`);
  const username = read('sasl.user', user);
  const secretWord = read('sasl.password', password);
  if (!user?.secretKeyRef || !password?.secretKeyRef) faults.push('spec.net.sasl: user and password are asked for');
  const chosen: SaslMechanism = mechanism ?? 'PLAIN';
  return { mechanism: chosen, username: username ?? '', password: secretWord ?? '' };
}

function tlsOf({ cert, key, caCert }: NonNullable<Net['tls']>, read: Read) {
  const parts = { cert: read('tls.cert', cert), key: read('tls.key', key), ca: read('tls.caCert', caCert) };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}
