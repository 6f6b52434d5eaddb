// From a Pod's container and its image to what a launcher needs to start it.

import { lstat, mkdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { parseQuantity } from '#base/mod.ts';
import type { Container, Pod } from '#kinds/mod.ts';
import { StartProblem } from './container.ts';
import type { PodFacts, References } from './environment.ts';
import { environmentOf, expand } from './environment.ts';
import type { ContainerStart, Mount } from './launcher.ts';
import type { ReadyImage } from './pod-ports.ts';
import { USUAL_PATH } from './sandbox/entering.ts';
import { securityOf } from './security.ts';
import { isReadOnly } from './volumes.ts';

export interface StartFacts {
  readonly pod: Pod;
  readonly container: Container;
  readonly run: number;
  readonly image: ReadyImage;
  readonly volumes: ReadonlyMap<string, string>;
  readonly references: References;
  readonly facts: PodFacts;
  readonly common: readonly (readonly [string, string])[];
  /** Whether the launcher keeps the container to its own files; a plain process has a usual environment from it. */
  readonly isIsolated: boolean;
  readonly messageFile: string;
  readonly logFile: string;
}

/** Throws StartProblem where the container's own settings cannot be met. */
export async function containerStart({
  pod,
  container,
  run,
  image,
  volumes,
  references,
  facts,
  common,
  isIsolated,
  messageFile,
  logFile,
}: StartFacts): Promise<ContainerStart> {
  const environment = environmentOf(pod, container, {
    common: [...machineOf(image), ...common],
    image: image.config.Env ?? [],
    references,
    facts,
  });
  if ('problem' in environment) throw new StartProblem('CreateContainerConfigError', environment.problem);
  const { env, known } = environment;
  const command = commandOf(container, image, known);
  if (command.length === 0)
    throw new StartProblem(
      'CreateContainerError',
      `no command specified: neither the image ${container.image} nor the container names one`,
    );
  const { home, ...security } = await securityOf(pod, container, image);
  const usual = isIsolated ? await usualOf(image, new Map(env), home) : [];
  const mounts = await mountsOf(pod, container, volumes, known);
  const limits = container.resources?.limits;
  return {
    id: `${pod.metadata.uid}/${container.name}/${run}`,
    podUid: pod.metadata.uid ?? '',
    podName: pod.metadata.name,
    command,
    env: [...usual, ...env],
    workingDir: container.workingDir || image.config.WorkingDir || '/',
    rootfs: image.rootfs,
    overlay: image.overlay,
    mounts,
    ...security,
    readOnlyRoot: container.securityContext?.readOnlyRootFilesystem ?? false,
    memoryLimit: amount(limits?.memory),
    cpuLimit: amount(limits?.cpu),
    cpuRequest: amount(container.resources?.requests?.cpu),
    terminationMessageFile: messageFile,
    terminationMessagePath: container.terminationMessagePath || '/dev/termination-log',
    logFile,
  };
}

/** The container's command replaces the image's entrypoint and its arguments; args alone replace the image's arguments. `$(NAME)` means something in the container's words only. */
function commandOf(
  { command = [], args = [] }: Container,
  { config }: ReadyImage,
  known: ReadonlyMap<string, string>,
): string[] {
  const own = [command, args].map((words) => words.map((word) => expand(word, known)));
  const [entrypoint = [], rest = []] = own;
  if (entrypoint.length > 0) return [...entrypoint, ...rest];
  return [...(config.Entrypoint ?? []), ...(rest.length > 0 ? rest : (config.Cmd ?? []))];
}

async function mountsOf(
  { spec }: Pod,
  { volumeMounts = [] }: Container,
  volumes: ReadonlyMap<string, string>,
  known: ReadonlyMap<string, string>,
): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const { name, mountPath, readOnly = false, subPath, subPathExpr } of volumeMounts) {
    const folder = volumes.get(name);
    if (folder === undefined)
      throw new StartProblem(
        'CreateContainerConfigError',
        `volume ${JSON.stringify(name)} is not among the Pod's volumes`,
      );
    const inside = subPathExpr ? expand(subPathExpr, known) : (subPath ?? '');
    const source = inside ? await placeInside(folder, inside) : folder;
    const volume = spec.volumes?.find((one) => one.name === name);
    mounts.push({ source, target: mountPath, readOnly: readOnly || (volume !== undefined && isReadOnly(volume)) });
  }
  return mounts;
}

/** A path in a volume; what is not there becomes a folder. */
async function placeInside(folder: string, path: string): Promise<string> {
  const inside = normalize(path);
  if (inside.startsWith('/') || inside.split('/')[0] === '..')
    throw new StartProblem('CreateContainerConfigError', `the subPath ${JSON.stringify(path)} leads out of its volume`);
  const place = join(folder, inside);
  if (!(await lstat(place).catch(() => undefined))) await mkdir(place, { recursive: true });
  return place;
}

function amount(value: string | number | undefined): number | undefined {
  return value === undefined ? undefined : parseQuantity(value);
}

/** On the machine's own root the Node that runs the platform comes first, so that functions need no other. */
function machineOf({ rootfs }: ReadyImage): [string, string][] {
  return rootfs === 'host' ? [['PATH', `${dirname(process.execPath)}:${USUAL_PATH}`]] : [];
}

/** What container engines set where neither the image nor the container does; programs of the machine's root may write to /tmp alone. */
async function usualOf(
  { rootfs }: ReadyImage,
  set: ReadonlyMap<string, string>,
  home: () => Promise<string>,
): Promise<[string, string][]> {
  const path: [string, string][] = set.has('PATH') ? [] : [['PATH', USUAL_PATH]];
  return set.has('HOME') ? path : [...path, ['HOME', rootfs === 'host' ? '/tmp' : await home()]];
}
