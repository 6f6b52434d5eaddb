// An API server in this process, on a free port, over a store without a disk; and a few words to speak to it.

import type { ApiServer, ApiServerOptions } from '#apiserver/mod.ts';
import {
  authenticatorOf,
  builtInResources,
  configMapAdmission,
  definitionAdmission,
  dryRunPods,
  escalationCheck,
  hostPathAdmission,
  limitRangeAdmission,
  quotaAdmission,
  rbacAuthorizer,
  rbacFromStore,
  seedDefinitions,
  seedRoles,
  serviceAccountAdmission,
  ServiceAccountTokens,
  startAggregator,
  startApiServer,
  startDefinitions,
  staticTokens,
  userTokens,
} from '#apiserver/mod.ts';
import type { JsonObject } from '#base/mod.ts';
import { seededRandom, systemClock } from '#base/mod.ts';
import { allKinds, Pod } from '#kinds/mod.ts';
import { resourceOf } from '#machinery/mod.ts';
import type { StoreOptions } from '#objects/mod.ts';
import { Registry, Scheme, Store } from '#objects/mod.ts';
import { createSigningKey, tokenSigner } from '#pki/mod.ts';
import { memoryDatabase } from '#storage/mod.ts';
import { silentLog } from '#telemetry/mod.ts';

/** The token of somebody who may do anything. */
export const ROOT_TOKEN = 'root-token';
/** The token of user `ann`, who holds no rights until a test gives some. */
export const USER_TOKEN = 'user-token';

export interface TestApi {
  readonly server: ApiServer;
  readonly registry: Registry;
  readonly store: Store;
  readonly tokens: ServiceAccountTokens;
  /** Resolves when definitions and roles are in step with what was written. */
  settled(): Promise<void>;
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface RequestOptions {
  readonly body?: string | Uint8Array | JsonObject | readonly JsonObject[];
  readonly headers?: Readonly<Record<string, string>>;
  /** No token at all where null. */
  readonly token?: string | null;
}

export interface Answer {
  readonly code: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly body: JsonObject;
}

/** Starts a server with every kind of the platform and the namespaces `default` and `knative-serving`. */
export async function startTestApi(
  options: Partial<ApiServerOptions> & { history?: StoreOptions['history'] } = {},
): Promise<TestApi> {
  const random = seededRandom(1);
  const clock = options.clock ?? systemClock;
  const store = await Store.open(memoryDatabase(), options.history ? { history: options.history } : {});
  const scheme = new Scheme(allKinds);
  const source = rbacFromStore(store);
  const authorizer = rbacAuthorizer(source);
  const builtIn = builtInResources(scheme);
  const registry: Registry = new Registry({
    store,
    scheme,
    clock,
    random,
    plugins: [
      serviceAccountAdmission({ store, clock, random }),
      limitRangeAdmission(store),
      hostPathAdmission(store),
      configMapAdmission,
      definitionAdmission((resource) => builtIn.has(resource)),
      escalationCheck(authorizer, source),
      dryRunPods(
        async (pod, { namespace, user }) => void (await registry.create(Pod, namespace, pod, { user, dryRun: true })),
      ),
      quotaAdmission(store),
    ],
  });
  const tokens = new ServiceAccountTokens({
    signer: tokenSigner(createSigningKey(), 'https://kubernetes.default.svc'),
    audience: 'https://kubernetes.default.svc',
    clock,
    isAlive: (kind, namespace, name, uid) =>
      store.get(resourceOf('', `${kind.toLowerCase()}s`), namespace, name)?.metadata.uid === uid,
  });
  const users = new Map([
    [ROOT_TOKEN, { name: 'root', groups: ['system:masters'] }],
    [USER_TOKEN, { name: 'ann', groups: [] }],
  ]);
  await seed(registry);
  await seedRoles(registry);
  await seedDefinitions(registry, builtIn);
  const definitions = startDefinitions({ registry, clock, log: silentLog, builtIn });
  const aggregator = startAggregator({ registry, clock, log: silentLog });
  const authenticator = authenticatorOf([staticTokens(users), tokens, userTokens(store, clock)]);
  const server = await startApiServer({
    registry,
    store,
    scheme,
    authenticator,
    authorizer,
    clock,
    random,
    log: silentLog,
    tokens,
    port: 0,
    build: 'test',
    openId: { discovery: tokens.discovery, keySet: tokens.keySet },
    ...options,
  });
  await Promise.all([definitions.settled(), aggregator.settled()]);
  return {
    server,
    registry,
    store,
    tokens,
    settled: async () => void (await Promise.all([definitions.settled(), aggregator.settled()])),
    request: (method, path, requestOptions) => ask(server.url, method, path, requestOptions),
    close: async () => {
      await server.close();
      await Promise.all([definitions.stop(), aggregator.stop()]);
      await store.close();
    },
  };
}

async function seed(registry: Registry): Promise<void> {
  const options = { user: { name: 'root', groups: ['system:masters'] } };
  for (const name of ['default', 'knative-serving', 'ebb-system']) {
    await registry.create(kindOf(registry, 'Namespace'), '', { metadata: { name } }, options);
    await registry.create(kindOf(registry, 'ServiceAccount'), name, { metadata: { name: 'default' } }, options);
  }
}

function kindOf({ scheme }: Registry, name: string) {
  const kind = scheme.byKind('v1', name);
  if (!kind) throw new Error(`no kind ${name}`);
  return kind;
}

async function ask(
  url: string,
  method: string,
  path: string,
  { body, headers = {}, token = ROOT_TOKEN }: RequestOptions = {},
): Promise<Answer> {
  const isText = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isText ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { code: response.status, headers: response.headers, text, body: parsed(text) };
}

function parsed(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return {};
  }
}
