// What the handlers work with: the ports and parts that the server was started with.

import type { Clock, Random } from '#base/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import type { EventJournal, PodStreams, Registry, ResourceMetrics, Scheme, Store } from '#objects/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { Authenticator } from './authn/authenticator.ts';
import type { ServiceAccountTokens } from './authn/service-account-tokens.ts';
import type { Authorizer } from './authz/attributes.ts';
import type { Exchange } from './exchange.ts';

export interface ApiServices {
  readonly registry: Registry;
  readonly store: Store;
  readonly scheme: Scheme;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Reaches into running Pods; without it their subresources answer 501. */
  readonly podStreams?: PodStreams | undefined;
  /** What Pods and nodes use; without it metrics.k8s.io answers 501. */
  readonly resourceMetrics?: ResourceMetrics | undefined;
  /** Knows what came to Brokers and channels; without it their journals answer 501. */
  readonly eventJournal?: EventJournal | undefined;
  /** Signs ServiceAccount tokens; without it asking for one answers 501. */
  readonly tokens?: Pick<ServiceAccountTokens, 'sign'> | undefined;
}

/** What a request is about: a kind, and where it names one, an object. */
export interface Target {
  readonly kind: Kind;
  /** Empty for cluster-scoped kinds and for requests across namespaces. */
  readonly namespace: string;
  /** Empty for requests about many objects. */
  readonly name: string;
}

/** Answers one request. Throws ApiError for a refusal. */
export type Handler = (exchange: Exchange, target: Target, services: ApiServices) => Promise<void>;
