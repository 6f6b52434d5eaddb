import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Container, Pod } from '#kinds/mod.ts';
import { containerStart } from './container-start.ts';
import type { StartFacts } from './container-start.ts';
import { StartProblem } from './container.ts';
import type { ReadyImage } from './pod-ports.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-start-'));
  await mkdir(join(folder, 'root/etc'), { recursive: true });
  await writeFile(
    join(folder, 'root/etc/passwd'),
    'root:x:0:0::/root:/bin/sh\nnobody:x:99:99\nnonroot:x:65532:65533:nonroot:/home:/bin/no\n',
  );
  await writeFile(join(folder, 'root/etc/group'), 'root:x:0:\nstaff:x:50:ada,nonroot\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Given {
  readonly container?: Partial<Container>;
  readonly spec?: Partial<Pod['spec']>;
  readonly config?: ReadyImage['config'];
  readonly volumes?: Readonly<Record<string, string>>;
  readonly isIsolated?: boolean;
  readonly rootfs?: string;
}

function start({
  container = {},
  spec = {},
  config = { Entrypoint: ['/app'], Cmd: ['serve'] },
  volumes = {},
  isIsolated = true,
  rootfs = join(folder, 'root'),
}: Given) {
  const whole: Container = { name: 'c', image: 'hello', ...container };
  const facts: StartFacts = {
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'ns', uid: 'u1' },
      spec: { containers: [whole], ...spec },
    },
    container: whole,
    run: 2,
    image: { digest: 'sha256:1', rootfs, config },
    volumes: new Map(Object.entries(volumes).map(([name, path]) => [name, join(folder, path)])),
    references: { configMap: () => undefined, secret: () => undefined },
    facts: { podIP: '10.0.0.2', hostIP: '127.0.0.1', nodeName: 'n1' },
    common: [['KUBERNETES_SERVICE_HOST', '127.0.0.1']],
    isIsolated,
    messageFile: join(folder, 'message'),
    logFile: join(folder, 'log'),
  };
  return containerStart(facts);
}

const image = { Entrypoint: ['/app', '$(A)'], Cmd: ['serve'] };
const env = [{ name: 'A', value: '1' }];
const commands: [string, Given, string[]][] = [
  ['the image’s own', { config: image }, ['/app', '$(A)', 'serve']],
  [
    'args replace the image’s arguments',
    { config: image, container: { args: ['$(A)', 'x'], env } },
    ['/app', '$(A)', '1', 'x'],
  ],
  ['a command replaces both', { config: image, container: { command: ['/own', '$(A)'], env } }, ['/own', '1']],
  ['a command and args', { config: image, container: { command: ['/own'], args: ['$$(A)'], env } }, ['/own', '$(A)']],
  ['empty lists are none', { config: image, container: { command: [], args: [] } }, ['/app', '$(A)', 'serve']],
  ['only arguments in the image', { config: { Cmd: ['sh'] } }, ['sh']],
  [
    'the platform’s own names are known',
    { container: { args: ['$(KUBERNETES_SERVICE_HOST)'] } },
    ['/app', '127.0.0.1'],
  ],
];
test.each(commands)('command: %s', async (_, given, wanted) => {
  expect((await start(given)).command).toEqual(wanted);
});

type User = { uid: number; gid: number; groups?: number[] } | string;
const users: [string, string | undefined, Container['securityContext'], User][] = [
  ['nobody says', undefined, undefined, { uid: 0, gid: 0 }],
  ['the image, by number', '65532', undefined, { uid: 65532, gid: 65533, groups: [50] }],
  ['the image, by numbers', '7:8', undefined, { uid: 7, gid: 8 }],
  ['the image, by a number it does not know', '7', undefined, { uid: 7, gid: 0 }],
  ['the image, by name', 'nonroot', undefined, { uid: 65532, gid: 65533, groups: [50] }],
  ['the image, by names', 'nonroot:staff', undefined, { uid: 65532, gid: 50 }],
  ['root by name', 'root', undefined, { uid: 0, gid: 0 }],
  ['the container', '65532', { runAsUser: 1000, runAsGroup: 2000 }, { uid: 1000, gid: 2000 }],
  [
    'the container, whose user the image knows',
    undefined,
    { runAsUser: 65532 },
    { uid: 65532, gid: 65533, groups: [50] },
  ],
  ['only a group', undefined, { runAsGroup: 2000 }, { uid: 0, gid: 2000 }],
  ['a name that is not there', 'ada', undefined, 'image user "ada"'],
  ['root where that is forbidden', undefined, { runAsNonRoot: true }, 'will run as root'],
  [
    'root of the container’s own choice where that is forbidden',
    'nonroot',
    { runAsNonRoot: true, runAsUser: 0 },
    `container's runAsUser breaks non-root policy (pod: "p_ns(u1)", container: c)`,
  ],
  ['another where root is forbidden', 'nonroot', { runAsNonRoot: true }, { uid: 65532, gid: 65533, groups: [50] }],
];
test.each(users)('user: %s', async (_, User, securityContext, wanted) => {
  const started = start({
    config: { Entrypoint: ['/app'], ...(User === undefined ? {} : { User }) },
    container: { securityContext },
  });
  if (typeof wanted !== 'string') return expect((await started).user).toEqual({ groups: [], ...wanted });
  await expect(started).rejects.toMatchObject({
    reason: 'CreateContainerConfigError',
    message: expect.stringContaining(wanted) as string,
  });
});

const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
type Homely = Readonly<Partial<Record<'HOME' | 'PATH', string>>>;
const homes: [string, Given, Homely][] = [
  ['root', {}, { HOME: '/root', PATH: USUAL_PATH }],
  ['the image’s user, by name', { config: { Entrypoint: ['/app'], User: 'nonroot' } }, { HOME: '/home' }],
  ['the image’s user, with a group', { config: { Entrypoint: ['/app'], User: '65532:50' } }, { HOME: '/home' }],
  ['the container’s user', { container: { securityContext: { runAsUser: 65532 } } }, { HOME: '/home' }],
  [
    'root of the container’s choice',
    { config: { Entrypoint: ['/app'], User: 'nonroot' }, container: { securityContext: { runAsUser: 0 } } },
    { HOME: '/root' },
  ],
  ['one whom the image does not know', { container: { securityContext: { runAsUser: 1000 } } }, { HOME: '/' }],
  ['one without a home', { config: { Entrypoint: ['/app'], User: 'nobody' } }, { HOME: '/' }],
  [
    'what the image sets',
    { config: { Entrypoint: ['/app'], Env: ['HOME=/of/image', 'PATH=/image/bin'] } },
    { HOME: '/of/image', PATH: '/image/bin' },
  ],
  [
    'what the container sets',
    {
      config: { Entrypoint: ['/app'], Env: ['HOME=/of/image'] },
      container: {
        env: [
          { name: 'HOME', value: '/own' },
          { name: 'PATH', value: '/own/bin' },
        ],
      },
    },
    { HOME: '/own', PATH: '/own/bin' },
  ],
  ['the machine’s own root', { rootfs: 'host' }, { HOME: '/tmp' }],
  ['an image without /etc/passwd', { rootfs: '/var/empty' }, { HOME: '/', PATH: USUAL_PATH }],
  ['a plain process, which has them from its launcher', { isIsolated: false }, {}],
];
test.each(homes)('home and path: %s', async (_, given, wanted) => {
  const env = Object.fromEntries((await start(given)).env) as Homely;
  for (const name of ['HOME', 'PATH'] as const)
    if (wanted[name] !== undefined || given.isIsolated === false)
      expect([name, env[name]]).toEqual([name, wanted[name]]);
});

test('a link for /etc/passwd does not lead out of the image', async () => {
  await rm(join(folder, 'root/etc/passwd'));
  await writeFile(join(folder, 'outside'), 'root:x:0:0::/outside:/bin/sh\n');
  await symlink(join(folder, 'outside'), join(folder, 'root/etc/passwd'));
  expect(Object.fromEntries((await start({})).env)).toMatchObject({ HOME: '/' });
});

const unusable: [string, (path: string) => Promise<unknown>][] = [
  ['a link to itself', (path) => symlink('passwd', path)],
  ['larger than any system’s', (path) => writeFile(path, `root:x:0:0::/root:/bin/sh\n${'#'.repeat(2 ** 20)}`)],
  ['a pipe that nobody writes to', async (path) => void execFileSync('mkfifo', [path])],
  ['a folder', (path) => mkdir(path)],
];
test.each(unusable)('an /etc/passwd that is %s is none', async (_, make) => {
  await rm(join(folder, 'root/etc/passwd'));
  await make(join(folder, 'root/etc/passwd'));
  expect(Object.fromEntries((await start({})).env)).toMatchObject({ HOME: '/' });
  const config = { Entrypoint: ['/app'], User: 'nonroot' };
  await expect(start({ config })).rejects.toThrow('is not in the image');
});

test('the container’s security goes before the Pod’s', async () => {
  const spec = { securityContext: { runAsUser: 5, runAsGroup: 6 } };
  expect((await start({ spec, container: { securityContext: { runAsUser: 7 } } })).user).toEqual({
    uid: 7,
    gid: 6,
    groups: [],
  });
});

test.each([
  [undefined, [50, 9, 8]],
  ['Strict', [9, 8]],
])('groups of the image and of the Pod, with policy %s', async (supplementalGroupsPolicy, groups) => {
  const securityContext = { supplementalGroups: [9], fsGroup: 8, supplementalGroupsPolicy };
  const { user } = await start({ config: { Entrypoint: ['/app'], User: 'nonroot' }, spec: { securityContext } });
  expect(user?.groups).toEqual(groups);
});

type Asked = NonNullable<Container['securityContext']>;
const rights: [string, Asked, object | string][] = [
  ['nothing', {}, { noNewPrivileges: true, seccomp: 'RuntimeDefault' }],
  ['new privileges', { allowPrivilegeEscalation: true }, { noNewPrivileges: false }],
  ['no filter', { seccompProfile: { type: 'Unconfined' } }, { seccomp: 'Unconfined' }],
  [
    'only some rights of root',
    { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } },
    { capabilities: ['net_bind_service'] },
  ],
  ['a right that there is not', { capabilities: { add: ['FLY'] } }, 'the capability "FLY"'],
  ['all rights of the machine', { privileged: true }, 'asks to be privileged'],
  [
    'a filter of its own',
    { seccompProfile: { type: 'Localhost', localhostProfile: 'mine.json' } },
    'cannot load the seccomp profile "mine.json"',
  ],
];
test.each(rights)('who asks for %s', async (_, securityContext, wanted) => {
  const started = start({ container: { securityContext } });
  if (typeof wanted !== 'string') return expect((await started).rights).toMatchObject(wanted);
  await expect(started).rejects.toThrow(wanted);
});

test('limits and requests become numbers', async () => {
  const resources = { limits: { cpu: '1500m', memory: '64Mi' }, requests: { cpu: '100m' } };
  expect(await start({ container: { resources } })).toMatchObject({
    cpuLimit: 1.5,
    memoryLimit: 64 * 2 ** 20,
    cpuRequest: 0.1,
  });
  expect(await start({})).toMatchObject({ cpuLimit: undefined, memoryLimit: undefined });
});

test.each([
  [{}, { workingDir: '/' }],
  [{ config: { Entrypoint: ['/a'], WorkingDir: '/srv' } }, { workingDir: '/srv' }],
  [{ config: { Entrypoint: ['/a'], WorkingDir: '/srv' }, container: { workingDir: '/own' } }, { workingDir: '/own' }],
  [{ container: { securityContext: { readOnlyRootFilesystem: true } } }, { readOnlyRoot: true, id: 'u1/c/2' }],
])('%j gives %j', async (given, wanted) => {
  expect(await start(given)).toMatchObject(wanted);
});

const volumes = [
  { name: 'data', emptyDir: {} },
  { name: 'conf', configMap: { name: 'cm' } },
];
test.each<[string, NonNullable<Container['volumeMounts']>[number], { source: string; readOnly: boolean }]>([
  ['whole', { name: 'data', mountPath: '/m' }, { source: 'data', readOnly: false }],
  ['read only', { name: 'data', mountPath: '/m', readOnly: true }, { source: 'data', readOnly: true }],
  ['what the node writes is read only', { name: 'conf', mountPath: '/m' }, { source: 'conf', readOnly: true }],
  [
    'a part, made where it is missing',
    { name: 'data', mountPath: '/m', subPath: 'a/b' },
    { source: 'data/a/b', readOnly: false },
  ],
  ['a part by name', { name: 'data', mountPath: '/m', subPathExpr: '$(A)/x' }, { source: 'data/1/x', readOnly: false }],
])('mount: %s', async (_, mount, { source, readOnly }) => {
  const { mounts } = await start({
    spec: { volumes },
    container: { env, volumeMounts: [mount] },
    volumes: { data: 'data', conf: 'conf' },
  });
  expect(mounts).toEqual([{ source: join(folder, source), target: '/m', readOnly }]);
});

test.each<[Given, string, string]>([
  [{ config: {} }, 'CreateContainerError', 'no command specified'],
  [
    { container: { envFrom: [{ configMapRef: { name: 'no' } }] } },
    'CreateContainerConfigError',
    'configmap "no" not found',
  ],
  [
    { container: { volumeMounts: [{ name: 'no', mountPath: '/m' }] } },
    'CreateContainerConfigError',
    'volume "no" is not among',
  ],
  [
    {
      spec: { volumes },
      volumes: { data: 'data' },
      container: { volumeMounts: [{ name: 'data', mountPath: '/m', subPath: 'a/../../x' }] },
    },
    'CreateContainerConfigError',
    'leads out of its volume',
  ],
])('%j cannot start', async (given, reason, message) => {
  const problem = await start(given).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(StartProblem);
  expect(problem).toMatchObject({ reason, message: expect.stringContaining(message) as string });
  expect(await readdir(folder)).not.toContain('message');
});
