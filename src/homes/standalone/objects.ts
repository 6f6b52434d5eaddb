// The control plane's ground: the store on disk, the kinds, the order of writes, and who may do what.

import { join } from 'node:path';
import type { Clock, Random } from '#base/mod.ts';
import {
  authenticatorOf,
  builtInResources,
  configMapAdmission,
  definitionAdmission,
  diskSpaceAdmission,
  dryRunPods,
  escalationCheck,
  hostPathAdmission,
  limitRangeAdmission,
  linkAdmission,
  quotaAdmission,
  rbacAuthorizer,
  rbacFromStore,
  runtimeClassAdmission,
  serviceAccountAdmission,
  ServiceAccountTokens,
  userTokens,
} from '#apiserver/mod.ts';
import {
  allKinds,
  Configuration,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  Pod,
  ReplicaSet,
  Revision,
  Service,
  ServiceAccount,
  StatefulSet,
  eventingFeatures,
  Trigger,
} from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { ApiError } from '#machinery/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import { configOf, localClient, localInformers, Registry, Scheme, Store } from '#objects/mod.ts';
import type { Keys } from '#pki/mod.ts';
import type { DiskRoom, ObjectDatabase, Sealing } from '#storage/mod.ts';
import { openObjectDatabase } from '#storage/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { jobSinkAdmission } from '#sinks/mod.ts';
import type { BindingSources } from '#sources/mod.ts';
import { sinkBindingAdmission } from '#sources/mod.ts';
import type { ServiceAddresses } from '#network/mod.ts';
import { serviceAddresses } from '#network/mod.ts';

export interface ObjectsOptions {
  readonly dataDir: string;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** What secrets are sealed with. */
  readonly sealing: Sealing;
  /** Asked before users' writes. */
  readonly room: DiskRoom;
  /** Hears of the copy of an older store. */
  readonly onUpgrade: (copy: string) => void;
  /** Where the database's thread finds its program. */
  readonly workerUrl?: URL;
}

/** What everything else of the control plane stands on. */
export interface Objects {
  readonly database: ObjectDatabase;
  readonly store: Store;
  readonly scheme: Scheme;
  readonly registry: Registry;
  readonly informers: Informers;
  readonly builtIn: ReadonlySet<string>;
  readonly tokens: ServiceAccountTokens;
  readonly authenticator: ReturnType<typeof authenticatorOf>;
  readonly authorizer: ReturnType<typeof rbacAuthorizer>;
  readonly addresses: ServiceAddresses;
  /** What SinkBindings at admission look at; nothing until it is set. */
  readonly bindings: { sources: BindingSources | undefined };
  /** A client that acts as one of the platform's own parts, under a name of Knative's where that matters. */
  clientOf(part: string, user?: string): Client;
}

/** The store of a data folder. */
export const objectsFile = (dataDir: string): string => join(dataDir, 'objects.db');

const MASTERS = ['system:masters', 'system:authenticated'];

export async function openObjects({
  dataDir,
  keys,
  clock,
  random,
  log,
  sealing,
  room,
  onUpgrade,
  workerUrl,
}: ObjectsOptions): Promise<Objects> {
  const database = await openObjectDatabase({
    file: objectsFile(dataDir),
    sealing,
    onUpgrade,
    ...(workerUrl ? { workerUrl } : {}),
  });
  const store = await Store.open(database, { log });
  const scheme = new Scheme(allKinds);
  const builtIn = builtInResources(scheme);
  const rbac = rbacFromStore(store);
  const authorizer = rbacAuthorizer(rbac);
  const tokens = new ServiceAccountTokens({
    signer: keys.tokens,
    audience: keys.tokens.issuer,
    clock,
    isAlive: (kind, namespace, name, uid) => isAlive(store, kind, namespace, name, uid),
  });
  const addresses = serviceAddresses(store);
  const bindings: Objects['bindings'] = { sources: undefined };
  const registry: Registry = new Registry({
    store,
    scheme,
    clock,
    random,
    plugins: [
      diskSpaceAdmission((bytes) => room.refusal(bytes)),
      serviceAccountAdmission({ store, clock, random }),
      limitRangeAdmission(store),
      hostPathAdmission(store),
      runtimeClassAdmission,
      addresses.admission,
      configMapAdmission,
      definitionAdmission((resource) => builtIn.has(resource)),
      escalationCheck(authorizer, rbac),
      linkAdmission(authorizer, () => eventingFeatures({ config: configOf(store, Trigger.group) })),
      sinkBindingAdmission(() => bindings.sources),
      jobSinkAdmission(
        async (job, { namespace, user }) =>
          void (await registry.create(Job, namespace, job, { user, dryRun: true, fieldValidation: 'Strict' })),
      ),
      dryRunPods(
        async (pod, request) =>
          void (await registry.create(Pod, request.namespace, pod, {
            user: request.user,
            dryRun: true,
            fieldManager: 'webhook',
          })),
      ),
      quotaAdmission(store),
    ],
  });
  return {
    database,
    store,
    scheme,
    registry,
    informers: localInformers(store, scheme, log),
    builtIn,
    tokens,
    authenticator: authenticatorOf([tokens, userTokens(store, clock)]),
    authorizer,
    addresses,
    bindings,
    clientOf: (part, user = `system:ebb:${part}`) => localClient(registry, { name: user, groups: MASTERS }, part),
  };
}

/** Whether the object a token was made for is still the same. */
function isAlive(store: Store, kind: 'ServiceAccount' | 'Pod', namespace: string, name: string, uid: string): boolean {
  const { resource } = kind === 'Pod' ? Pod : ServiceAccount;
  return store.get(resource, namespace, name)?.metadata.uid === uid;
}

const WITH_IMAGES = [
  Pod,
  ReplicaSet,
  Deployment,
  StatefulSet,
  DaemonSet,
  Job,
  CronJob,
  Service,
  Configuration,
  Revision,
];

/** Every object that may speak of an image. */
export function objectsWithImages(store: Store): KubeObject[] {
  return WITH_IMAGES.flatMap(({ resource }) => store.list(resource));
}

/** Whether a create was refused only because the object is there. */
export function isThere(thrown: unknown): boolean {
  return thrown instanceof ApiError && thrown.reason === 'AlreadyExists';
}
