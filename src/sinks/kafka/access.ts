// How the brokers of a KafkaSink are reached, out of the Secret that it names. Pure.

import type { KafkaAccess } from '#kafka/mod.ts';
import { SASL_MECHANISMS } from '#kafka/mod.ts';
import type { KafkaSink, Secret } from '#kinds/mod.ts';

export type FoundAccess = { readonly access: KafkaAccess } | { readonly fault: string };

const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];

/** The Secret that a sink names, if any. */
export const secretNameOf = ({ spec }: KafkaSink): string | undefined => spec.auth?.secret?.ref?.name;

/** The keys are those of Knative's: protocol, sasl.mechanism, user, password, ca.crt, user.crt, user.key. */
export function accessOf(sink: KafkaSink, secret: Secret | undefined): FoundAccess {
  const servers = sink.spec.bootstrapServers ?? [];
  const name = secretNameOf(sink);
  if (!name) return { access: { servers } };
  if (!secret) return { fault: `spec.auth.secret.ref: there is no Secret ${JSON.stringify(name)}` };
  const text = (key: string): string | undefined => {
    const value = secret.data?.[key];
    return value && Buffer.from(value, 'base64').toString('utf8');
  };
  const protocol = text('protocol')?.trim() || 'PLAINTEXT';
  if (!PROTOCOLS.includes(protocol)) return { fault: expected(name, 'protocol', PROTOCOLS, protocol) };
  const asked = text('sasl.mechanism')?.trim() || 'PLAIN';
  const mechanism = SASL_MECHANISMS.find((one) => one === asked);
  const isSasl = protocol.startsWith('SASL_');
  if (isSasl && !mechanism) return { fault: expected(name, 'sasl.mechanism', SASL_MECHANISMS, asked) };
  const [username, password] = [text('user'), text('password')];
  if (isSasl && (!username || !password))
    return {
      fault: `Secret ${JSON.stringify(name)} has no ${username ? 'password' : 'user'}, which ${protocol} asks for`,
    };
  const parts = { ca: text('ca.crt'), cert: text('user.crt'), key: text('user.key') };
  return {
    access: {
      servers,
      ...(isSasl && mechanism && username && password ? { sasl: { mechanism, username, password } } : {}),
      ...(protocol.endsWith('SSL')
        ? { tls: Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) }
        : {}),
    },
  };
}

function expected(secret: string, key: string, allowed: readonly string[], met: string): string {
  return `Secret ${JSON.stringify(secret)}: expected ${key} to be one of ${allowed.join(', ')}, but it is ${met}`;
}
