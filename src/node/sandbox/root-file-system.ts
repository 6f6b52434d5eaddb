// What a container's root is made of: the image or the machine's own root, and what is bound over it.

import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContainerStart } from '../launcher.ts';
import { USUAL_PATH } from './entering.ts';
import { kindInRoot, resolveInRoot } from './root-path.ts';
import type { Bind, Steps } from './script.ts';

/** Files that every container of a Pod is given, by their path in it. */
export type PodFiles = Readonly<Record<'/etc/hosts' | '/etc/hostname' | '/etc/resolv.conf', string>>;

export type Root = Pick<Steps, 'layers' | 'temporary' | 'overlays' | 'disks' | 'hidden' | 'binds'>;

/** File systems of disks and shares: what a machine may have mounted beside its root and programs may need. */
const DISKS = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'zfs',
  'f2fs',
  'overlay',
  'nfs',
  'nfs4',
  'virtiofs',
  '9p',
  'squashfs',
]);

/** `hidden` are folders and files of the machine that no container sees: the platform's own data above all. */
export function rootOf(container: ContainerStart, files: PodFiles, hidden: readonly string[]): Root {
  const isHost = container.rootfs === 'host';
  const layers = container.rootfs === 'host' ? ['/'] : [container.rootfs];
  const seen = isHost && container.overlay ? [container.overlay, ...layers] : layers;
  const follow = (path: string) => resolveInRoot(seen, path);
  const given = Object.entries(files).map(
    ([target, source]): Bind => ({ source, target: follow(target), readOnly: false, make: 'file' }),
  );
  const notSeen = isHost ? hiddenPlaces(hidden) : [];
  const volumes = container.mounts.map(({ source, target, readOnly }): Bind => {
    const isFolder = isFolderOnDisk(source);
    const there = kindInRoot(seen, target);
    return {
      source,
      target: follow(target),
      readOnly,
      hasDevices: isIn(source, ['/dev']),
      make: there === (isFolder ? 'folder' : 'file') && !isHost ? undefined : isFolder ? 'folder' : 'file',
    };
  });
  // Shorter paths first, so that a volume inside another one is seen.
  const sorted = volumes.sort((a, b) => a.target.split('/').length - b.target.split('/').length);
  return {
    layers,
    temporary: follow('/tmp'),
    overlays: isHost && container.overlay ? overlaysOf(container.overlay) : [],
    disks: isHost ? machineDisks(notSeen.map(({ path }) => path)) : [],
    hidden: notSeen.map((place) => ({ ...place, path: follow(place.path) })),
    binds: [...(isHost ? ownNode() : []), ...given, ...sorted, lastWords(container, follow)],
  };
}

/** The folder of the Node that runs the platform, where it lies in one that is empty in a container. */
function ownNode(): Bind[] {
  const folder = dirname(process.execPath);
  return folder.startsWith('/tmp/') ? [{ source: folder, target: folder, readOnly: true, make: 'folder' }] : [];
}

/** The file for last words lies in /dev, which has a place for it, or where the container wants it. */
function lastWords(
  { terminationMessageFile, terminationMessagePath }: ContainerStart,
  follow: (path: string) => string,
): Bind {
  const isUsual = terminationMessagePath === '/dev/termination-log';
  return {
    source: terminationMessageFile,
    target: isUsual ? terminationMessagePath : follow(terminationMessagePath),
    readOnly: false,
    make: isUsual ? undefined : 'file',
  };
}

/** Each folder of an image for the machine's root lies over the one of the same name. */
function overlaysOf(folder: string): Steps['overlays'] {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => ({
    lower: join(folder, name),
    target: `/${name}`,
    isThere: existsSync(`/${name}`),
  }));
}

/** Folders of the machine that are others in a container; /tmp of an image is not. */
const OWN_FOLDERS = ['/tmp', '/dev', '/proc', '/sys'];

const isIn = (path: string, folders: readonly string[]) =>
  folders.some((folder) => path === folder || path.startsWith(`${folder}/`));

/** Where they really are, whatever links lead there; without those that are in a folder that is not seen anyway. */
function hiddenPlaces(paths: readonly string[]): Steps['hidden'] {
  const places = paths
    .filter((path) => existsSync(path))
    .map((path) => realpathSync(path))
    .map((path) => ({ path, kind: isFolderOnDisk(path) ? ('folder' as const) : ('file' as const) }));
  const folders = places.filter(({ kind }) => kind === 'folder').map(({ path }) => path);
  return places.filter(({ path, kind }) => kind === 'folder' || !isIn(path, [...OWN_FOLDERS, ...folders]));
}

/** Where disks are mounted below the machine's root, but for those in what is not seen. */
function machineDisks(notSeen: readonly string[]): string[] {
  const lines = readFileSync('/proc/self/mounts', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const disks = lines.filter(
    ([, target = '', type = '']) => target !== '/' && DISKS.has(type) && !target.includes('\\'),
  );
  return disks.map(([, target = '']) => target).filter((target) => !isIn(target, notSeen));
}

function isFolderOnDisk(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}

/** What a root has whether or not the image does. */
const isMade = (path: string) => ['/', '/tmp', '/tmp/'].includes(path);

/** Why a container cannot start, in the words of container runtimes; undefined where nothing speaks against it. */
export function startProblem({
  command: [program = ''],
  env,
  workingDir,
  rootfs,
  overlay,
  mounts,
}: ContainerStart): string | undefined {
  const layers = [...(overlay && rootfs === 'host' ? [overlay] : []), rootfs === 'host' ? '/' : rootfs];
  const own = rootfs === 'host' ? OWN_FOLDERS : OWN_FOLDERS.filter((path) => path !== '/tmp');
  const isMounted = (path: string) => isIn(path, [...mounts.map(({ target }) => target), ...own]);
  if (!isMounted(workingDir) && kindInRoot(layers, workingDir) !== 'folder' && !isMade(workingDir)) {
    return `unable to start container process: chdir to cwd (${JSON.stringify(workingDir)}) set in config.json failed: no such file or directory`;
  }
  const path = new Map(env).get('PATH') ?? USUAL_PATH;
  const places = program.includes('/')
    ? [program.startsWith('/') ? program : join(workingDir, program)]
    : path.split(':').map((folder) => join(folder || workingDir, program));
  if (places.some((place) => isMounted(dirname(place)) || kindInRoot(layers, place) === 'file')) return undefined;
  const why = program.includes('/')
    ? `stat ${program}: no such file or directory`
    : 'executable file not found in $PATH';
  return `unable to start container process: exec: ${JSON.stringify(program)}: ${why}`;
}
