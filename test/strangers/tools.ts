// Builds the real clients and suites from published Go modules, into the checkout's own cache.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { repository } from '../harness/platform.ts';
import type { Changes } from './changed-copy.ts';
import { copyChanged, nameOfCopy } from './changed-copy.ts';
import type { ServingSuite, SuiteModule } from './suites.ts';

const cache = join(repository, '.cache/strangers');

const EVENTING_VERSION = 'v0.50.0';
const PKG_VERSION = 'v0.0.0-20260727151759-521cb33b33dd';

const SERVING = `module clients.local/serving
go 1.26
require (
	knative.dev/serving v0.50.0
	knative.dev/networking v0.0.0-20260727162500-c7a7b772cac9
	knative.dev/pkg ${PKG_VERSION}
)
`;

const EVENTING = `module clients.local/eventing
go 1.26
require (
	knative.dev/eventing ${EVENTING_VERSION}
	knative.dev/reconciler-test v0.0.0-20260727164000-4a4407a5fe88
	knative.dev/pkg ${PKG_VERSION}
)
`;

/** The dispatcher takes fixed ports of all addresses, for it has a Pod to itself; here it listens where it is told, on loopback. */
const LISTENING = {
  eventing: {
    file: 'pkg/kncloudevents/event_receiver.go',
    texts: [
      ['fmt.Sprintf(":%d", recv.desiredPort)', 'os.Getenv(fmt.Sprintf("LISTEN_%d", recv.desiredPort))'],
      ['"net/http"\n', '"net/http"\n\t"os"\n'],
    ],
  },
  pkg: { file: 'observability/runtime/pprof.go', texts: [['":" + port', '"127.0.0.1:" + port']] },
} as const satisfies Record<string, Changes>;
const EVENTING_COPY = nameOfCopy('eventing', EVENTING_VERSION, LISTENING.eventing);
const PKG_COPY = nameOfCopy('pkg', PKG_VERSION, LISTENING.pkg);
const IN_MEMORY_CHANNEL = `module clients.local/in-memory-channel
go 1.26
require (
	knative.dev/eventing ${EVENTING_VERSION}
	knative.dev/pkg ${PKG_VERSION}
)
replace (
	knative.dev/eventing => ./${EVENTING_COPY}
	knative.dev/pkg => ./${PKG_COPY}
)
`;

const CESQL = `module clients.local/cesql
go 1.26
require github.com/cloudevents/sdk-go/sql/v2 v2.16.2
`;

const CERT_MANAGER = `module clients.local/cert-manager
go 1.26
require github.com/cert-manager/cert-manager v1.21.2
`;

const KN = `module clients.local/kn
go 1.26
require (
	knative.dev/client v0.50.0
	knative.dev/client/pkg v0.0.0-20260729124858-e411e8847500
)
`;

const PEBBLE = `module clients.local/pebble
go 1.26
require github.com/letsencrypt/pebble/v2 v2.10.3
`;

const NATS = `module clients.local/nats
go 1.26
require github.com/nats-io/nats-server/v2 v2.15.3
`;

const KAFKA_FAKE = `module clients.local/kafka
go 1.26
require (
	github.com/twmb/franz-go v1.22.3
	github.com/twmb/franz-go/pkg/kfake v0.0.0-20260918054303-01f206a7e32c
)
`;

const H2SPEC = `module clients.local/h2spec
go 1.26.0
require (
	github.com/fatih/color v1.19.0
	github.com/spf13/cobra v1.10.2
	github.com/summerwind/h2spec v2.2.1+incompatible
	golang.org/x/net v0.62.0
)
`;

const KUBERNETES = '1.36.3';
const STAGING = [
  'api',
  'apiextensions-apiserver',
  'apimachinery',
  'apiserver',
  'cli-runtime',
  'client-go',
  'cloud-provider',
  'cluster-bootstrap',
  'code-generator',
  'component-base',
  'component-helpers',
  'controller-manager',
  'cri-api',
  'cri-client',
  'cri-streaming',
  'csi-translation-lib',
  'dynamic-resource-allocation',
  'endpointslice',
  'externaljwt',
  'kms',
  'kube-aggregator',
  'kube-controller-manager',
  'kube-proxy',
  'kube-scheduler',
  'kubectl',
  'kubelet',
  'metrics',
  'mount-utils',
  'pod-security-admission',
  'sample-apiserver',
  'streaming',
];
/** Kubernetes as a module that others may build: its parts are published apart from it. */
function kubernetesModule(name: string, version: string, staging: readonly string[], more = ''): string {
  return `module clients.local/${name}
go 1.26.0
${more}require k8s.io/kubernetes v${version}
replace (
${staging.map((part) => `	k8s.io/${part} => k8s.io/${part} v0.${version.slice(2)}`).join('\n')}
)
`;
}
const KUBECTL = kubernetesModule('kubectl', KUBERNETES, STAGING);

/** The API server that the seam is held against, of a year's age as clusters are. */
const API_SERVER_VERSION = '1.34.4';
const API_SERVER = kubernetesModule(
  'kube-apiserver',
  API_SERVER_VERSION,
  STAGING.filter((part) => part !== 'cri-streaming' && part !== 'streaming'),
  'godebug default=go1.24\n',
);
const API_SERVER_NAME = [
  `k8s.io/component-base/version.gitVersion=v${API_SERVER_VERSION}`,
  'k8s.io/component-base/version.gitMajor=1',
  'k8s.io/component-base/version.gitMinor=34',
  `k8s.io/client-go/pkg/version.gitVersion=v${API_SERVER_VERSION}`,
];
const ETCD = `module clients.local/etcd
go 1.26
require go.etcd.io/etcd/server/v3 v3.7.3
`;

/** Everything that can be built, each from a module file of its own: their Kubernetes libraries differ. */
const TOOLS = {
  kubectl: {
    module: KUBECTL,
    build: ['build', '-mod=mod', '-ldflags', `-s -w -X k8s.io/component-base/version.gitVersion=v${KUBERNETES}`],
    package: 'k8s.io/kubernetes/cmd/kubectl',
  },
  kn: {
    module: KN,
    build: ['build', '-mod=mod', '-ldflags', '-s -w -X knative.dev/client/pkg/commands/version.Version=v1.23.0'],
    package: 'knative.dev/client/cmd/kn',
  },
  'kube-apiserver': {
    module: API_SERVER,
    build: ['build', '-mod=mod', '-trimpath', '-ldflags', `-s -w ${API_SERVER_NAME.map((x) => `-X ${x}`).join(' ')}`],
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    env: { CGO_ENABLED: '0' },
  },
  etcd: {
    module: ETCD,
    build: ['build', '-mod=mod', '-trimpath', '-ldflags', '-s -w'],
    package: 'go.etcd.io/etcd/server/v3',
    env: { CGO_ENABLED: '0' },
  },
  h2spec: {
    module: H2SPEC,
    build: ['build', '-mod=mod', '-ldflags', '-s -w'],
    package: 'github.com/summerwind/h2spec/cmd/h2spec',
  },
  'nats-server': {
    module: NATS,
    build: ['build', '-mod=mod', '-trimpath', '-ldflags', '-s -w'],
    package: 'github.com/nats-io/nats-server/v2',
    env: { CGO_ENABLED: '0' },
  },
  pebble: {
    module: PEBBLE,
    build: ['build', '-mod=mod', '-ldflags', '-s -w'],
    package: 'github.com/letsencrypt/pebble/v2/cmd/pebble',
  },
  'pebble-challtestsrv': {
    module: PEBBLE,
    build: ['build', '-mod=mod', '-ldflags', '-s -w'],
    package: 'github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv',
  },
} as const;

export type Tool = keyof typeof TOOLS;

/** The path of a built tool; builds it where it is not there yet. */
export async function tool(name: Tool): Promise<string> {
  const { module, build, package: goPackage, ...more } = TOOLS[name];
  return goBuild(name, module, build, goPackage, name, 'env' in more ? more.env : {});
}

/** The path of the program that judges writes by Knative's own admission code. */
export function admissionJudge(): Promise<string> {
  return ownProgram('the judge of admission', SERVING, 'admission');
}

/** The path of a program with cert-manager's controllers. */
export function certManager(): Promise<string> {
  return ownProgram("cert-manager's controllers", CERT_MANAGER, 'cert-manager');
}

/** The path of a program with clusters of Kafka in memory. */
export function kafkaFake(): Promise<string> {
  return ownProgram('clusters of Kafka in memory', KAFKA_FAKE, 'kafka');
}

/** The folder of manifests that define cert-manager's kinds. */
export async function certManagerKinds(): Promise<string> {
  const folder = await packageFolder(CERT_MANAGER, 'github.com/cert-manager/cert-manager/pkg/controller');
  return join(folder, '../../deploy/crds');
}

/** A program of ours around others' code: `NAME/main.go` beside this file, built within a module. */
function ownProgram(what: string, module: string, name: string): Promise<string> {
  const source = join(repository, 'test/strangers', name, 'main.go');
  const folder = join(folderOf(module), name);
  mkdirSync(folder, { recursive: true });
  copyFileSync(source, join(folder, 'main.go'));
  const mark = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const build = ['build', '-mod=mod', '-ldflags', `-s -w -X main.source=${mark}`];
  return goBuild(what, module, build, `./${name}`, name, { CGO_ENABLED: '0' });
}

/** The path of one of Knative's suites, as the test binary NAME. */
export function testSuite(
  name: string,
  { module = 'serving', package: path, tags = 'e2e' }: ServingSuite,
): Promise<string> {
  const build = ['test', '-mod=mod', `-tags=${tags}`, '-c'];
  return goBuild(name, SERVING, build, `knative.dev/${module}/test/${path}`, name, {});
}

/** The path of one of Knative's test images as a static program. `path` such as `multicontainer/servingcontainer`. */
export async function testImage(path: string, module: SuiteModule = 'serving'): Promise<string> {
  const output = `image-${module === 'serving' ? '' : `${module}-`}${path.replaceAll('/', '-')}`;
  return goBuild(
    `test image ${path}`,
    SERVING,
    ['build', '-mod=mod', '-ldflags', '-s -w'],
    `knative.dev/${module}/test/test_images/${path}`,
    output,
    { CGO_ENABLED: '0' },
  );
}

/** The path of one of Eventing's suites, as a test binary. `path` is the package under `knative.dev/eventing/test`. */
export function eventingSuite(path: string): Promise<string> {
  const build = ['test', '-mod=mod', '-tags=e2e', '-c'];
  return goBuild(`eventing's ${path}`, EVENTING, build, `knative.dev/eventing/test/${path}`, `eventing-${path}`, {});
}

/** The path of a program that Eventing's suites put into Pods, as a static executable. */
export function eventingProgram(goPackage: string): Promise<string> {
  const build = ['build', '-mod=mod', '-ldflags', '-s -w'];
  const name = basename(goPackage);
  return goBuild(`test program ${name}`, EVENTING, build, goPackage, `eventing-program-${name}`, { CGO_ENABLED: '0' });
}

const DISPATCHER = 'eventing-channel-dispatcher';
/** Where that program lies once it is built. */
export const builtChannelDispatcher: string = join(cache, 'bin', DISPATCHER);

/** The path of the program that takes and delivers the events of Knative's in-memory channels, which listens at LISTEN_8080 and LISTEN_8443. */
export async function channelDispatcher(): Promise<string> {
  const folder = folderOf(IN_MEMORY_CHANNEL);
  copyChanged(await moduleFolder(EVENTING, 'knative.dev/eventing'), join(folder, EVENTING_COPY), LISTENING.eventing);
  copyChanged(await moduleFolder(EVENTING, 'knative.dev/pkg'), join(folder, PKG_COPY), LISTENING.pkg);
  return goBuild(
    "Knative's in-memory channel",
    IN_MEMORY_CHANNEL,
    ['build', '-mod=mod', '-ldflags', '-s -w'],
    'knative.dev/eventing/cmd/in_memory/channel_dispatcher',
    DISPATCHER,
    { CGO_ENABLED: '0' },
  );
}

/** The image with curl that Eventing's suites look with whether a Service answers; its name stands in their source alone. */
export async function probeImage(): Promise<string> {
  const folder = await packageFolder(EVENTING, 'knative.dev/reconciler-test/pkg/k8s');
  const [, name] = /const ubi8Image = "([^"]+)"/.exec(readFileSync(join(folder, 'wait.go'), 'utf8')) ?? [];
  if (!name) throw new Error('the suite no longer says with which image it looks whether a Service answers');
  return name;
}

/** The source of CloudEvents' SDK for CESQL, with the compatibility kit. */
export function cesqlModule(): Promise<string> {
  return moduleFolder(CESQL, 'github.com/cloudevents/sdk-go/sql/v2');
}

/** Where Go keeps the source of a module that a module file of ours requires. */
async function moduleFolder(module: string, path: string): Promise<string> {
  const cwd = folderOf(module);
  writeFileSync(join(cwd, 'go.mod'), module);
  const found = await run('go', ['mod', 'download', '-json', path], { cwd, env: process.env });
  return (JSON.parse(found) as { readonly Dir: string }).Dir;
}

/** Where Go keeps the source of a package of a module's. */
async function packageFolder(module: string, goPackage: string): Promise<string> {
  const cwd = folderOf(module);
  writeFileSync(join(cwd, 'go.mod'), module);
  const found = await run('go', ['list', '-mod=mod', '-f', '{{.Dir}}', goPackage], { cwd, env: process.env });
  return found.trim();
}

/** Where a module file of ours lies. */
function folderOf(module: string): string {
  const folder = join(cache, /module clients\.local\/(\S+)/.exec(module)?.[1] ?? 'module');
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function goBuild(
  what: string,
  module: string,
  build: readonly string[],
  goPackage: string,
  output: string,
  env: Record<string, string>,
): Promise<string> {
  const folder = folderOf(module);
  const binary = join(cache, 'bin', output);
  const stamp = `${binary}.made-by`;
  const recipe = [module, ...build, goPackage].join('\n');
  if (existsSync(binary) && existsSync(stamp) && readFileSync(stamp, 'utf8') === recipe) return binary;
  writeFileSync(join(folder, 'go.mod'), module);
  console.log(`strangers: building ${what}`);
  const started = Date.now();
  // Several checkouts may share a cache: nobody may meet half a program.
  const unfinished = `${binary}.${process.pid}`;
  await run('go', [...build, '-o', unfinished, goPackage], { cwd: folder, env: { ...process.env, ...env } });
  renameSync(unfinished, binary);
  writeFileSync(stamp, recipe);
  console.log(`strangers: built ${what} in ${Math.round((Date.now() - started) / 1000)} s`);
  return binary;
}

/** Resolves with what it printed. */
function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    child.once('error', (error) =>
      reject(new Error(`cannot run ${command}: ${error.message}. The strangers need Go 1.26 or newer.`)),
    );
    child.once('close', (code) =>
      code === 0 ? resolve(printed) : reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`)),
    );
  });
}
