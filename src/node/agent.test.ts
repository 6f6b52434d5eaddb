import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { calmOf, seededRandom, settle, VirtualClock } from '#base/mod.ts';
import { allKinds, ConfigMap, HOST_PORTS_ANNOTATION, Lease, Node, Pod } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import { localClient, localInformers, Registry, Scheme, Store } from '#objects/mod.ts';
import { nestFolders } from '../../test/contracts/deep-folders.ts';
import { ScriptedDatabase } from '../../test/contracts/scripted-database.ts';
import type { NodeAgent } from './agent.ts';
import { startAgent } from './agent.ts';
import { localVolumes } from './local-volumes.ts';
import type { ContainerStart, Exit, Launcher, RunningContainer, Sandbox } from './launcher.ts';
import type { ReadyImage } from './pod-ports.ts';

/** A container that ends when the test, or a signal, says so. */
class Running implements RunningContainer {
  readonly pid = 0;
  readonly record;
  readonly start: ContainerStart | undefined;
  readonly #exit = Promise.withResolvers<Exit>();
  readonly exited = this.#exit.promise;
  readonly writes = world.writes;

  constructor(id: string, start?: ContainerStart) {
    this.record = { id, pid: 0, started: 'then' };
    this.start = start;
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    world.story.push(`${name} ${this.record.id.split('/')[1]}`);
    if (name === 'SIGKILL' || world.heeds) this.end(name === 'SIGKILL' ? 137 : 143);
  }

  exec(): Promise<number> {
    return Promise.resolve(world.execCode);
  }

  end(code: number): void {
    this.#exit.resolve({ code, oomKilled: false });
  }
}

interface World {
  readonly folder: string;
  readonly clock: VirtualClock;
  readonly client: Client;
  readonly store: Store;
  readonly agent: NodeAgent;
  readonly running: Map<string, Running>;
  /** What happened, in order. */
  readonly story: string[];
  readonly warnings: string[];
  heeds: boolean;
  execCode: number;
  /** Where containers write into their roots. */
  writes: string;
  bring: (image: string) => Promise<ReadyImage>;
  prepare: () => Promise<Sandbox>;
  drain: (ms: number) => Promise<unknown>;
  adopt: (id: string) => Running | undefined;
  tokens: number;
  move: (podUid: string, hostPorts: Sandbox['hostPorts']) => void;
}

let world: World;
const image: ReadyImage = { digest: 'sha256:1', rootfs: 'host', config: { Entrypoint: ['/app'] } };

const launcher: Launcher = {
  name: 'process',
  isIsolated: false,
  notices: [],
  prepare: () => world.prepare(),
  start(_, start) {
    const name = start.id.split('/')[1] ?? '';
    const made = new Running(start.id, start);
    world.story.push(`start ${name}`);
    world.running.set(name, made);
    return Promise.resolve(made);
  },
  adopt: (_, { id }) => Promise.resolve(world.adopt(id)),
  onMoved: (listen) => void (world.move = listen),
  discard: () => {
    world.story.push('discard');
    return Promise.resolve();
  },
};

async function agentOver(
  over: Pick<World, 'folder' | 'clock' | 'client' | 'store'>,
  scheme: Scheme,
): Promise<NodeAgent> {
  return startAgent({
    client: over.client,
    informers: localInformers(over.store, scheme),
    clock: over.clock,
    calm: calmOf(over.clock),
    launcher,
    images: { bring: (name) => world.bring(name) },
    nodeName: 'here',
    hostIP: '127.0.0.1',
    folder: over.folder,
    localVolumes: localVolumes(join(over.folder, 'volumes')),
    environment: [],
    drain: (_, ms) => world.drain(ms),
    sign: () => `token-${++world.tokens}`,
    event: (_, __, reason, message) => world.story.push(`event ${reason}: ${message}`),
    warn: (message, fields) => world.warnings.push(`${message} ${JSON.stringify(fields)}`),
  });
}

const scheme = new Scheme(allKinds);

beforeEach(async () => {
  const clock = new VirtualClock();
  const store = await Store.open(new ScriptedDatabase());
  const registry = new Registry({ store, scheme, clock, random: seededRandom(1) });
  const over = {
    folder: await mkdtemp(join(tmpdir(), 'ebb-agent-')),
    clock,
    store,
    client: localClient(registry, { name: 'node', groups: ['system:masters'] }),
  };
  for (const name of ['ns', 'kube-node-lease']) await over.client.create(...namespace(name));
  world = {
    ...over,
    agent: undefined as unknown as NodeAgent,
    running: new Map(),
    story: [],
    warnings: [],
    heeds: true,
    execCode: 0,
    writes: '',
    bring: () => Promise.resolve(image),
    prepare: () => Promise.resolve({ podUid: 'u', address: '127.0.0.1', hostPorts: { 8080: 4001 } }),
    drain: () => Promise.resolve(),
    adopt: () => undefined,
    tokens: 0,
    move: () => undefined,
  };
  Object.assign(world, { agent: await agentOver(over, scheme) });
});

afterEach(async () => {
  world.heeds = true;
  await world.agent.stop(true);
  await world.store.close();
  await rm(world.folder, { recursive: true, force: true });
});

function namespace(name: string) {
  const kind = allKinds.find((one) => one.kind === 'Namespace');
  if (!kind) throw new Error('Namespace is a kind');
  return [kind, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }] as const;
}

const LONG_MS = 10_000;

/** Until something holds: files are written in real time, whatever the clock says. */
async function until<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (const begun = performance.now(); performance.now() - begun < LONG_MS; ) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await world.clock.advance(0);
  }
  throw new Error(
    `it did not come to be; the story so far: ${world.story.join('; ')}; warnings: ${world.warnings.join('; ')}`,
  );
}

/** Advances in small steps until something holds. */
async function untilLater<T>(
  ms: number,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  await world.clock.advance(ms);
  return until(look);
}

async function create(spec: Partial<Pod['spec']> = {}, metadata: Partial<Pod['metadata']> = {}): Promise<Pod> {
  const containers = [{ name: 'c', image: 'hello', ports: [{ containerPort: 8080 }] }];
  return world.client.create(Pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', ...metadata },
    spec: { nodeName: 'here', containers, ...spec },
  });
}

const pod = () => world.client.get(Pod, 'ns', 'p');
const condition = (type: string, from: Pod | undefined) =>
  from?.status?.conditions?.find((one) => one.type === type)?.status;
const isReady = async () => condition('Ready', await pod()) === 'True';
const isGone = async () => (await pod()) === undefined;
const waitingFor = async () => (await pod())?.status?.containerStatuses?.[0]?.state?.waiting?.reason;
const remove = (gracePeriodSeconds?: number) =>
  world.client.delete(Pod, 'ns', 'p', gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
const happened = (...what: string[]) => world.story.filter((line) => what.some((one) => line.startsWith(one)));

test('the machine is there as a Node that is ready, with a Lease', async () => {
  const node = await world.client.get(Node, '', 'here');
  expect(node?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
  await world.clock.advance(10_000);
  const lease = await until(() => world.client.get(Lease, 'kube-node-lease', 'here'));
  expect(lease.spec).toMatchObject({ holderIdentity: 'here', leaseDurationSeconds: 40 });
});

test('a Pod that is bound here runs, and says where it is reached', async () => {
  await create();
  await until(isReady);
  expect(await pod()).toMatchObject({
    metadata: { annotations: { [HOST_PORTS_ANNOTATION]: '{"8080":4001}' } },
    status: {
      phase: 'Running',
      podIP: '127.0.0.1',
      containerStatuses: [{ name: 'c', ready: true, imageID: 'sha256:1', restartCount: 0 }],
    },
  });
  expect(world.running.get('c')?.start?.command).toEqual(['/app']);
});

test('Pods of other nodes are none of its business', async () => {
  await create({ nodeName: 'there' });
  await world.clock.advance(1000);
  expect(world.story).toEqual([]);
});

describe('deletion', () => {
  test('not ready, then drained, then SIGTERM, then SIGKILL after the grace, then gone', async () => {
    world.heeds = false;
    const drained = Promise.withResolvers<void>();
    world.drain = (ms) => {
      world.story.push(`drain ${ms}`);
      return drained.promise;
    };
    await create({ terminationGracePeriodSeconds: 20 });
    await until(isReady);
    world.store.onChange(Pod.resource, ({ after }) => {
      if (after && condition('Ready', after as Pod) === 'False') world.story.push('not ready');
    });
    await remove();
    await until(() => happened('drain').length > 0 && happened('not ready').length > 0);
    expect(happened('SIG')).toEqual([]);
    await world.clock.advance(5000);
    drained.resolve();
    await until(() => happened('SIGTERM').length > 0);
    await world.clock.advance(14_999);
    expect(happened('SIGKILL')).toEqual([]);
    expect(await isGone()).toBe(false);
    await untilLater(1, isGone);
    expect(happened('drain', 'SIG', 'discard')).toEqual(['drain 20000', 'SIGTERM c', 'SIGKILL c', 'discard']);
    await until(async () => (await stat(join(world.folder, 'pods')).then(({ nlink }) => nlink)) === 2);
  });

  test('requests that use up the grace leave two seconds between the signals', async () => {
    world.heeds = false;
    world.drain = (ms) => new Promise<void>((resolve) => world.clock.after(ms, resolve));
    await create({ terminationGracePeriodSeconds: 5 });
    await until(isReady);
    await remove();
    await untilLater(5000, () => happened('SIGTERM').length > 0);
    await world.clock.advance(1999);
    expect(happened('SIGKILL')).toEqual([]);
    await untilLater(1, isGone);
  });

  test("a platform that stops bounds what is left of a Pod's grace, and says whom it waits for", async () => {
    world.heeds = false;
    await create({ terminationGracePeriodSeconds: 300 });
    await until(isReady);
    await remove();
    await until(() => happened('SIGTERM').length > 0);
    const told: [readonly string[], number][] = [];
    const stopped = world.agent.stop(true, (pods, at) => told.push([pods, at - world.clock.now()]));
    await world.clock.advance(9999);
    expect(happened('SIGKILL')).toEqual([]);
    await untilLater(1, isGone);
    await stopped;
    expect(told).toEqual([
      [['ns/p'], 10_000],
      [[], 0],
    ]);
  });

  test('can be hurried', async () => {
    world.heeds = false;
    await create({ terminationGracePeriodSeconds: 600 });
    await until(isReady);
    await remove();
    await until(() => happened('SIGTERM').length > 0);
    await remove(3);
    await settle();
    await untilLater(3000, isGone);
  });

  test('can be hurried while the last requests are waited for', async () => {
    world.heeds = false;
    world.drain = () => new Promise(() => {});
    await create({ terminationGracePeriodSeconds: 600 });
    await until(isReady);
    await remove();
    await settle();
    await remove(1);
    await until(() => happened('SIGTERM').length > 0);
    await untilLater(2000, isGone);
  });

  test('by force: gone from the API at once, and what runs ends at once', async () => {
    world.heeds = false;
    await create();
    await until(isReady);
    await remove(0);
    expect(await isGone()).toBe(true);
    await untilLater(0, () => happened('discard').length > 0);
    expect(happened('SIGKILL')).toEqual(['SIGKILL c']);
  });

  test('a drain that fails does not keep it', async () => {
    world.drain = () => Promise.reject(new Error('the gateway is gone'));
    await create();
    await until(isReady);
    await remove();
    await until(isGone);
    expect(world.warnings.join()).toContain('the gateway is gone');
  });

  test('while its image is on the way', async () => {
    const coming = Promise.withResolvers<ReadyImage>();
    world.bring = () => coming.promise;
    await create();
    await until(async () => {
      await world.clock.advance(1);
      return (await pod())?.status?.podIP;
    });
    await remove();
    await until(isGone);
    coming.resolve(image);
    await world.clock.advance(600_000);
    expect(happened('start', 'discard')).toEqual(['discard']);
  });

  test('while its place is being made: the place is given up', async () => {
    const making = Promise.withResolvers<Sandbox>();
    world.prepare = () => {
      world.story.push('prepare');
      return making.promise;
    };
    await create();
    await until(() => happened('prepare').length > 0);
    await remove();
    await settle();
    making.resolve({ podUid: 'u', address: '127.0.0.1', hostPorts: {} });
    await until(isGone);
    expect(happened('start', 'discard')).toEqual(['discard']);
  });

  test('of one that starts and starts again', async () => {
    await create();
    await until(isReady);
    world.running.get('c')?.end(1);
    await untilLater(0, () => happened('start').length === 2);
    world.running.get('c')?.end(1);
    await until(async () => (await waitingFor()) === 'CrashLoopBackOff');
    await remove();
    await until(isGone);
    await world.clock.advance(600_000);
    expect(happened('start').length).toBe(2);
  });
});

describe('what is not there yet', () => {
  test('an image is asked for again, ever less often', async () => {
    let tries = 0;
    world.bring = () => (++tries < 4 ? Promise.reject(new Error('no such image')) : Promise.resolve(image));
    await create();
    await until(async () => (await waitingFor()) === 'ErrImagePull');
    expect((await pod())?.status).toMatchObject({ phase: 'Pending' });
    await untilLater(1000, async () => (await waitingFor()) === 'ImagePullBackOff');
    await world.clock.advance(10_000);
    await until(() => tries === 2);
    await world.clock.advance(1000 + 20_000);
    await until(() => tries === 3);
    await world.clock.advance(1000 + 40_000);
    await until(isReady);
    expect(happened('event Failed')[0]).toBe('event Failed: Failed to pull image "hello": no such image');
  });

  test('a volume is waited for', async () => {
    await create({
      volumes: [{ name: 'v', configMap: { name: 'cm' } }],
      containers: [{ name: 'c', image: 'hello', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    });
    await until(() => happened('event FailedMount').length > 0);
    await world.client.create(ConfigMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cm', namespace: 'ns' },
      data: { a: '1' },
    });
    await untilLater(1000, isReady);
    const source = world.running.get('c')?.start?.mounts[0]?.source ?? '';
    expect(await readFile(join(source, 'a'), 'utf8')).toBe('1');
    const found = await world.client.get(ConfigMap, 'ns', 'cm');
    if (found) await world.client.update(ConfigMap, { ...found, data: { a: '2' } });
    await untilLater(1000, async () => (await readFile(join(source, 'a'), 'utf8')) === '2');
  });

  test('a volume that cannot be written is tried again, and told of', async () => {
    const place = await world.prepare();
    const made = Promise.withResolvers<Sandbox>();
    world.prepare = () => made.promise;
    const { metadata } = await create({
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ name: 'c', image: 'hello', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    });
    const folder = join(world.folder, 'pods', metadata.uid ?? '');
    await until(() => stat(folder).catch(() => undefined));
    await writeFile(join(folder, 'volumes'), 'in the way');
    made.resolve(place);
    const waiting = async () => (await pod())?.status?.containerStatuses?.[0]?.state?.waiting;
    const told = await until(async () => ((await waiting())?.message ? waiting() : undefined));
    expect(told).toMatchObject({ reason: 'ContainerCreating', message: expect.stringMatching(/EEXIST|ENOTDIR/) });
    await rm(join(folder, 'volumes'));
    await untilLater(1000, isReady);
  });

  test('its folder is tried for again', async () => {
    const folder = join(world.folder, 'pods');
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    await create();
    const waiting = async () => (await pod())?.status?.containerStatuses?.[0]?.state?.waiting;
    const told = await until(async () => ((await waiting())?.message ? waiting() : undefined));
    expect(told).toMatchObject({
      reason: 'ContainerCreating',
      message: expect.stringMatching(/^error making pod data/),
    });
    expect(happened('event FailedToMakePodDataDirectories')).toHaveLength(1);
    await rm(folder);
    await untilLater(1000, isReady);
  });

  test('a place is tried for again', async () => {
    const good = world.prepare;
    let tries = 0;
    world.prepare = () => (++tries < 3 ? Promise.reject(new Error('no addresses left')) : good());
    await create();
    await until(() => happened('event FailedCreatePodSandBox').length === 1);
    await untilLater(1000, () => happened('event FailedCreatePodSandBox').length === 2);
    await untilLater(2000, isReady);
  });
});

describe('ends', () => {
  test.each([
    ['Never', 0, 'Succeeded'],
    ['Never', 3, 'Failed'],
    ['OnFailure', 0, 'Succeeded'],
  ])('restartPolicy %s and code %i: %s, and the place is given up', async (restartPolicy, code, phase) => {
    await create({ restartPolicy });
    await until(() => world.running.get('c'));
    world.running.get('c')?.end(code);
    await until(async () => (await pod())?.status?.phase === phase);
    await until(() => happened('discard').length === 1);
    expect((await pod())?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(code);
    await remove();
    await until(isGone);
    expect(happened('SIG', 'discard')).toEqual(['discard']);
  });

  test('init containers run one after the other, and before all others', async () => {
    const init = ['a', 'b'].map((name) => ({ name, image: 'hello' }));
    await create({ initContainers: init });
    await until(() => world.running.get('a'));
    expect(await until(waitingFor)).toBe('PodInitializing');
    world.running.get('a')?.end(0);
    await until(() => world.running.get('b'));
    world.running.get('b')?.end(0);
    await until(isReady);
    expect(happened('start')).toEqual(['start a', 'start b', 'start c']);
  });

  test('an init container that fails for good takes the Pod with it', async () => {
    await create({ restartPolicy: 'Never', initContainers: [{ name: 'a', image: 'hello' }] });
    (await until(() => world.running.get('a'))).end(2);
    await until(async () => (await pod())?.status?.phase === 'Failed');
    await until(() => happened('discard').length === 1);
    expect(happened('start')).toEqual(['start a']);
  });

  test('a sidecar starts first, and ends last', async () => {
    await create({
      restartPolicy: 'Never',
      initContainers: [{ name: 'side', image: 'hello', restartPolicy: 'Always' }],
    });
    await until(isReady);
    expect(happened('start')).toEqual(['start side', 'start c']);
    world.running.get('c')?.end(0);
    await until(async () => (await pod())?.status?.phase === 'Succeeded');
    await until(() => happened('discard').length === 1);
    expect(happened('SIG', 'discard')).toEqual(['SIGTERM side', 'discard']);
  });

  test('a Pod whose time is over has failed', async () => {
    await create({ activeDeadlineSeconds: 60 });
    await until(isReady);
    await world.clock.advance(60_000);
    await until(async () => (await pod())?.status?.reason === 'DeadlineExceeded');
    await until(async () => (await pod())?.status?.phase === 'Failed');
    expect(happened('SIGTERM')).toEqual(['SIGTERM c']);
  });

  test('a Pod whose scratch space has outgrown its bound is evicted', async () => {
    await create({ volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Ki' } }] });
    await until(isReady);
    await world.clock.advance(10_000);
    const { uid = '' } = (await pod())?.metadata ?? {};
    await writeFile(join(world.folder, 'pods', uid, 'volumes/v/big'), 'x'.repeat(5000));
    await until(async () => {
      await world.clock.advance(1000);
      return (await pod())?.status?.phase === 'Failed';
    });
    expect((await pod())?.status).toMatchObject({
      reason: 'Evicted',
      message: 'Usage of EmptyDir volume "v" exceeds the limit "1Ki". ',
    });
  });

  test.each([
    ['into its root', '1Ki', 'written'],
    ['to its log', '1Ki', 'log'],
  ])('a Pod that has written more than its containers may is evicted: %s', async (_, limit, where) => {
    world.writes = join(world.folder, 'written');
    await mkdir(world.writes);
    const resources = { limits: { 'ephemeral-storage': limit } };
    await create({ containers: [{ name: 'c', image: 'i', resources }] });
    await until(isReady);
    const started = await until(() => world.running.get('c'));
    const file = where === 'log' ? (started.start?.logFile ?? '') : join(world.writes, 'big');
    await writeFile(file, 'x'.repeat(5000));
    await until(async () => {
      await world.clock.advance(1000);
      return (await pod())?.status?.phase === 'Failed';
    });
    expect((await pod())?.status).toMatchObject({
      reason: 'Evicted',
      message: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. ',
    });
  });

  test('a Pod goes, and its folder with it, however deep folders in its scratch space are nested', async () => {
    await create({ volumes: [{ name: 'v', emptyDir: {} }] });
    await until(isReady);
    const { uid = '' } = (await pod())?.metadata ?? {};
    await nestFolders(join(world.folder, 'pods', uid, 'volumes/v'));
    await world.client.delete(Pod, 'ns', 'p', { gracePeriodSeconds: 0 });
    await until(async () => (await readdir(join(world.folder, 'pods'))).length === 0);
  });

  test('what a Pod wrote can be read when it is gone', async () => {
    await create();
    await until(isReady);
    const started = await until(() => world.running.get('c'));
    await writeFile(started.start?.logFile ?? '', 'farewell\n');
    await world.client.delete(Pod, 'ns', 'p', { gracePeriodSeconds: 0 });
    const gone = await until(async () => (await world.agent.streams.ended?.('ns'))?.[0]);
    let text = '';
    for await (const chunk of world.agent.streams.logs(gone, { container: 'c' }, new AbortController().signal))
      text += Buffer.from(chunk).toString();
    expect([text, gone.metadata.name, await world.agent.streams.ended?.('other')]).toEqual(['farewell\n', 'p', []]);
  });

  test('last words are told, from the file or else the end of the log', async () => {
    const containers = [{ name: 'c', image: 'hello', terminationMessagePolicy: 'FallbackToLogsOnError' }];
    await create({ restartPolicy: 'Never', containers });
    const running = await until(() => world.running.get('c'));
    await writeFile(running.start?.logFile ?? '', 'one\ntwo\n');
    running.end(1);
    const ended = await until(async () => (await pod())?.status?.containerStatuses?.[0]?.state?.terminated);
    expect(ended).toMatchObject({ exitCode: 1, reason: 'Error', message: 'one\ntwo' });
  });
});

test('two who write at once do not lose each other’s words', async () => {
  await create();
  await until(isReady);
  await world.client.patch(Pod, 'ns', 'p', 'merge', { status: { conditions: [] } }, { subresource: 'status' });
  world.running.get('c')?.end(1);
  await world.client.patch(Pod, 'ns', 'p', 'merge', { metadata: { labels: { a: 'b' } } });
  await untilLater(0, async () => (await pod())?.status?.containerStatuses?.[0]?.restartCount === 1 && isReady());
  expect((await pod())?.metadata.labels).toEqual({ a: 'b' });
});

test('tokens in volumes are renewed before they end, and no sooner', async () => {
  const kind = allKinds.find((one) => one.kind === 'ServiceAccount');
  if (kind)
    await world.client.create(kind, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: 'ns' },
    });
  const volumes = [
    { name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 1000 } }] } },
  ];
  await create({
    serviceAccountName: 'default',
    volumes,
    containers: [{ name: 'c', image: 'hello', volumeMounts: [{ name: 't', mountPath: '/t' }] }],
  });
  await until(isReady);
  const file = join(world.running.get('c')?.start?.mounts[0]?.source ?? '', 'token');
  expect(await readFile(file, 'utf8')).toBe('token-1');
  await world.client.create(ConfigMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cm', namespace: 'ns' },
  });
  await world.clock.advance(799_000);
  expect(await readFile(file, 'utf8')).toBe('token-1');
  await untilLater(1000, async () => (await readFile(file, 'utf8')) === 'token-2');
  await remove();
  await until(isGone);
  await world.clock.advance(10_000_000);
  expect(world.tokens).toBe(2);
});

test.each([
  { what: 'forward, where they have ended', hours: 1 },
  { what: 'back, where they are not valid yet', hours: -1 },
])('tokens in volumes are renewed where the clock is set $what', async ({ hours }) => {
  const kind = allKinds.find((one) => one.kind === 'ServiceAccount');
  const metadata = { name: 'default', namespace: 'ns' };
  if (kind) await world.client.create(kind, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  const token = { path: 'token', expirationSeconds: 1000 };
  await create({
    serviceAccountName: 'default',
    volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: token }] } }],
    containers: [{ name: 'c', image: 'hello', volumeMounts: [{ name: 't', mountPath: '/t' }] }],
  });
  await until(isReady);
  const file = join(world.running.get('c')?.start?.mounts[0]?.source ?? '', 'token');
  expect(await readFile(file, 'utf8')).toBe('token-1');
  world.clock.jump(hours * 3_600_000);
  await untilLater(10_000, async () => (await readFile(file, 'utf8')) === 'token-2');
  await remove();
  await until(isGone);
});

test('a program that listens elsewhere is reached there', async () => {
  await create();
  await until(isReady);
  world.move('unknown', { 8080: 1 });
  world.move((await pod())?.metadata.uid ?? '', { 8080: 8080 });
  await until(async () => (await pod())?.metadata.annotations?.[HOST_PORTS_ANNOTATION] === '{"8080":8080}');
});

describe('logs', () => {
  const logs = async (options: object = {}) => {
    const parts: Uint8Array[] = [];
    const found = await until(pod);
    for await (const part of world.agent.streams.logs(found, options, new AbortController().signal)) parts.push(part);
    return Buffer.concat(parts).toString();
  };

  test('of the run that there is, and of the one before', async () => {
    await create();
    await until(isReady);
    await writeFile(world.running.get('c')?.start?.logFile ?? '', 'first\n');
    expect(await logs()).toBe('first\n');
    expect(await logs({ container: 'c', timestamps: true })).toMatch(/^2026-01-01T00:00:0\d\.\d{9}Z first\n$/);
    await expect(logs({ previous: true })).rejects.toThrow('previous terminated container "c" in pod "p" not found');
    world.running.get('c')?.end(1);
    await until(() => happened('start').length === 2);
    await until(isReady);
    await writeFile(world.running.get('c')?.start?.logFile ?? '', 'second\n');
    expect([await logs(), await logs({ previous: true })]).toEqual(['second\n', 'first\n']);
  });

  test('of one that has ended, also for a platform that starts anew', async () => {
    await create({ restartPolicy: 'Never' });
    const running = await until(() => world.running.get('c'));
    await writeFile(running.start?.logFile ?? '', 'done\n');
    running.end(0);
    await until(async () => (await pod())?.status?.phase === 'Succeeded');
    expect(await logs({ follow: true })).toBe('done\n');
    await world.agent.stop(false);
    Object.assign(world, { agent: await agentOver(world, scheme) });
    expect(await logs()).toBe('done\n');
  });

  test('that cannot be are refused in words', async () => {
    const containers = ['c', 'd'].map((name) => ({ name, image: 'hello' }));
    world.bring = () => Promise.reject(new Error('no'));
    await create({ containers });
    await until(waitingFor);
    await expect(logs()).rejects.toThrow('a container name must be specified for pod p, choose one of: [c d]');
    await expect(logs({ container: 'x' })).rejects.toThrow('container x is not valid for pod p');
    await expect(logs({ container: 'c' })).rejects.toThrow('is waiting to start');
  });
});

describe('a platform that starts anew', () => {
  test('takes over what runs', async () => {
    await create();
    await until(isReady);
    const first = world.running.get('c');
    await world.agent.stop(false);
    expect(await isReady()).toBe(true);
    world.adopt = (id) => (id === first?.record.id ? new Running(id) : undefined);
    world.story.length = 0;
    Object.assign(world, { agent: await agentOver(world, scheme) });
    expect(await isReady()).toBe(true);
    await remove();
    await until(isGone);
    expect(happened('start', 'SIG', 'discard')).toEqual(['SIGTERM c', 'discard']);
  });

  test('says of a Pod that it cannot take over that it has failed', async () => {
    await create();
    await until(isReady);
    await world.agent.stop(false);
    world.adopt = () => {
      throw new Error('nobody knows this process');
    };
    Object.assign(world, { agent: await agentOver(world, scheme) });
    const failed = await until(async () => {
      const { status } = (await pod()) ?? {};
      return status?.phase === 'Failed' && status;
    });
    const message = 'the Pod could not be run on this node: nobody knows this process';
    expect(failed).toMatchObject({ reason: 'StartError', message });
    expect(happened('event Failed')).toEqual([`event Failed: ${message}`]);
  });

  test('runs anew what is no longer there', async () => {
    await create();
    await until(isReady);
    await world.agent.stop(true);
    world.story.length = 0;
    Object.assign(world, { agent: await agentOver(world, scheme) });
    await until(() => happened('start').length === 1);
    await until(isReady);
  });
});
