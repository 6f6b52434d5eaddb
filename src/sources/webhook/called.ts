// Finds the source that a host belongs to, with its secret and its sink, for the server of webhooks.

import type { Clock, Random } from '#base/mod.ts';
import { uuid } from '#base/mod.ts';
import { GitHubSource, Secret, serviceOfHost, WebhookSource } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { Informers } from '#objects/mod.ts';
import { readGitHub } from '../github/read.ts';
import type { Parcel } from '../outbox.ts';
import { addressName } from './address.ts';
import type { CalledSource } from './front.ts';
import { readWebhook } from './read.ts';
import type { ObjectReader } from './secret.ts';
import { secretValue } from './secret.ts';
import type { Signing } from './signature.ts';

const BY_ADDRESS = 'sources/by-address';

type Called = GitHubSource | WebhookSource;

export interface CalledPorts {
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
}

export function calledSources({ informers, clock, random }: CalledPorts): (host: string) => CalledSource | undefined {
  // Begun here, so that it is filled when the first call comes.
  informers.of(Secret);
  const reader: ObjectReader = { get: (kind, namespace, name) => informers.of(kind).get(namespace, name) };
  const byHost = <O extends Called>(kind: Kind<O>) => {
    const informer = informers.of(kind);
    informer.addIndex(BY_ADDRESS, (source) => [`${addressName(source)}.${source.metadata.namespace ?? ''}`]);
    return (service: string): O | undefined => informer.byIndex(BY_ADDRESS, service)[0];
  };
  const [webhooks, gitHubs] = [byHost(WebhookSource), byHost(GitHubSource)];
  return (host) => {
    const found = serviceOfHost(host);
    const service = found && `${found.name}.${found.namespace}`;
    const webhook = service && webhooks(service);
    if (webhook)
      return {
        route: routeOf(webhook),
        read: (call) =>
          readWebhook(call, {
            source: webhook,
            signing: signingOf(webhook, reader),
            now: clock.now(),
            newId: uuid(random),
          }),
      };
    const gitHub = service && gitHubs(service);
    if (!gitHub) return undefined;
    const secret = secretValue(reader, gitHub.metadata.namespace ?? '', gitHub.spec.secretToken);
    return { route: routeOf(gitHub), read: (call) => readGitHub(call, { source: gitHub, secret, now: clock.now() }) };
  };
}

function signingOf({ metadata, spec }: WebhookSource, reader: ObjectReader): Signing | 'unknown' | undefined {
  const { signature } = spec;
  if (!signature) return spec.unsigned ? undefined : 'unknown';
  const secret = secretValue(reader, metadata.namespace ?? '', signature.secret);
  if (!secret) return 'unknown';
  const { header = '', algorithm = 'sha256', encoding, prefix = '' } = signature;
  return { secret, header, algorithm, encoding: encoding === 'base64' ? 'base64' : 'hex', prefix };
}

function routeOf({ metadata, status }: KubeObject & Called): Omit<Parcel, 'event'> | undefined {
  const { sinkUri, sinkCACerts, sinkAudience, auth } = status ?? {};
  if (!sinkUri) return undefined;
  return {
    namespace: metadata.namespace ?? '',
    to: {
      url: sinkUri,
      ...(sinkCACerts ? { CACerts: sinkCACerts } : {}),
      ...(sinkAudience ? { audience: sinkAudience } : {}),
    },
    ...(auth?.serviceAccountName ? { identity: auth.serviceAccountName } : {}),
  };
}
