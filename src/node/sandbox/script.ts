// The steps by which a container's file system is put together, as a script for /bin/sh. Pure.

import { dirname, join } from 'node:path';
import { PLAN_FD } from './entry-program.ts';

/** Something bound into the container, at a path that has been followed to its end. */
export interface Bind {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** What has to be made for it to be mounted on, if anything. */
  readonly make: 'folder' | 'file' | undefined;
  /** Whether devices in it are those of the machine. Elsewhere they open nothing: root in a container may make some. */
  readonly hasDevices?: boolean;
}

export interface Steps {
  /** Where the root is put together; seen by nobody else. */
  readonly root: string;
  /** Files with the mounts that make the root, and with those inside it. */
  readonly tables: { readonly root: string; readonly inside: string };
  /** Lower folders of the root, the topmost first. */
  readonly layers: readonly string[];
  /** What the container writes goes here; `memory` where the disk cannot be used. */
  readonly writes: { readonly upper: string; readonly work: string } | 'memory';
  readonly readOnlyRoot: boolean;
  /** Where /tmp really is: an image may have a link there, and tools of the machine would follow it in the machine's tree. */
  readonly temporary: string;
  readonly hostname: string;
  /** Folders whose `cgroup.procs` takes the process, and what is seen of them. */
  readonly cgroups: readonly string[];
  readonly cgroupViews: readonly { readonly name: string; readonly folder: string }[];
  /** Devices and links of /dev, as a folder. */
  readonly devices: string;
  /** Content of images that lies over the machine's own root, by folder. */
  readonly overlays: readonly { readonly lower: string; readonly target: string; readonly isThere: boolean }[];
  /** Where further disks of the machine are mounted, which are seen there, read-only. */
  readonly disks: readonly string[];
  /** What of the machine the container does not see. */
  readonly hidden: readonly { readonly path: string; readonly kind: 'folder' | 'file' }[];
  readonly binds: readonly Bind[];
  /** A folder of mounts of all Pods. This container has its own share bound by then, and must not hold on to the others'. */
  readonly detached: string | undefined;
  /** Which of `GUARDED_PATHS` this kernel has. */
  readonly kernelPaths: ReadonlySet<string>;
  /** The program that is started last, and the file that it reads. */
  readonly entry: { readonly program: string; readonly plan: string };
}

/** Full paths of the tools that the script uses, by name. */
export type Tools = (name: string) => string;

const READ_ONLY_PROC = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'];
const MASKED_PROC_FILES = ['kcore', 'keys', 'latency_stats', 'timer_list', 'sched_debug'];
const SHM_BYTES = 67_108_864;
const SAFE = 'nosuid,nodev,noexec';

/** One line of a table of mounts, as fstab(5) has it; its folder is made where it is not there. */
interface MountLine {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: string;
}

/**
 * The script speaks to its starter on descriptor 3: `pid N` when the root is put together, else what went wrong; from then
 * on the entry program does.
 * It runs as process 1 of new mount and process namespaces, in the Pod's namespaces of network and host name. Mounts are
 * made from tables, for each start of a program costs a millisecond and there are some thirty of them.
 */
export function containerScript(steps: Steps, tool: Tools): string {
  const { root } = steps;
  const inside = (path: string) => join(root, 'r', path);
  const folders = ['r', 'u', 'w', ...steps.overlays.flatMap((_, index) => [`u${index}`, `w${index}`])].map((name) =>
    quote(join(root, name)),
  );
  return [
    // Everything that is said before the program runs is for the starter; 4 and 5 wait to be the program's own.
    'exec >&3 2>&3',
    'set -e',
    'read -r pid rest < /proc/self/stat',
    ...steps.cgroups.map((folder) => `echo 0 > ${quote(join(folder, 'cgroup.procs'))}`),
    `echo ${quote(steps.hostname)} > /proc/sys/kernel/hostname`,
    `${tool('mount')} -t tmpfs -o mode=755 tmpfs ${quote(root)}`,
    `${tool('mkdir')} ${folders.join(' ')}`,
    `${tool('mount')} --all --fstab ${quote(steps.tables.root)}`,
    ...(steps.writes === 'memory' ? [] : [temporaryFolder(inside(steps.temporary), tool)]),
    ...filesToMake(steps, inside, tool),
    `${tool('mount')} --all --fstab ${quote(steps.tables.inside)}`,
    ...(steps.cgroupViews.some(({ name }) => name !== '')
      ? [`${tool('mount')} -o remount,ro,${SAFE} ${quote(inside('/sys/fs/cgroup'))}`]
      : []),
    ...(steps.detached === undefined ? [] : [`${tool('umount')} --lazy ${quote(steps.detached)}`]),
    ...(steps.readOnlyRoot ? [`${tool('mount')} -o remount,ro,nodev,bind ${quote(inside('/'))}`] : []),
    `cd ${quote(inside('/'))}`,
    `${tool('mount')} --move . /`,
    'echo "pid $pid"',
    `exec >&4 2>&5 4>&- 5>&- ${PLAN_FD}< ${quote(steps.entry.plan)}`,
    `exec ${quote(steps.entry.program)}`,
    '',
  ].join('\n');
}

/** The tables of mounts that the script uses, by the names of `steps.tables`. */
export function mountTables(steps: Steps): Record<keyof Steps['tables'], string> {
  const inside = (path: string) => join(steps.root, 'r', path);
  const overlays = steps.overlays.map((one, index) => overlayLine(steps.root, one, index));
  const disks = steps.disks.map((path) =>
    bindLine({ source: path, target: path, readOnly: true, make: 'folder' }, inside),
  );
  const hidden = steps.hidden.map(({ path, kind }) =>
    kind === 'folder' ? tmpfs(inside(path), 'ro,mode=0') : bound('/dev/null', inside(path), 'ro'),
  );
  const binds = steps.binds.map((bind) => bindLine(bind, inside));
  return {
    root: tableOf([rootLine(steps), ...overlays]),
    // What is hidden may lie on any of the disks, and so may a folder that is the container's own.
    inside: tableOf([...disks, ...kernelLines(steps, inside), ...hidden, ...binds]),
  };
}

function tableOf(lines: readonly MountLine[]): string {
  return lines
    .map(({ source, target, type, options }) => `${[source, target, type, options].map(escapeField).join(' ')} 0 0\n`)
    .join('');
}

/** The root: the image's layers and over them what the container writes. */
function rootLine({ root, layers, writes }: Steps): MountLine {
  const { upper, work } = writes === 'memory' ? { upper: join(root, 'u'), work: join(root, 'w') } : writes;
  return overlay(layers, upper, work, join(root, 'r'));
}

/** A folder of the image over the same folder of the machine, with writes in memory. */
function overlayLine(root: string, { lower, target, isThere }: Steps['overlays'][number], index: number): MountLine {
  return overlay(
    [lower, ...(isThere ? [target] : [])],
    join(root, `u${index}`),
    join(root, `w${index}`),
    join(root, 'r', target),
  );
}

function overlay(layers: readonly string[], upper: string, work: string, target: string): MountLine {
  const options = `lowerdir=${layers.map(escapeLayer).join(':')},upperdir=${escapeLayer(upper)},workdir=${escapeLayer(work)},${MAKE_FOLDER},nodev`;
  return { source: 'overlay', target, type: 'overlay', options };
}

const MAKE_FOLDER = 'X-mount.mkdir';

function tmpfs(target: string, options: string): MountLine {
  return { source: 'tmpfs', target, type: 'tmpfs', options: `${options},${MAKE_FOLDER}` };
}

function bound(source: string, target: string, options: string): MountLine {
  return { source, target, type: 'none', options: `bind,${options}` };
}

function bindLine({ source, target, readOnly, make, hasDevices }: Bind, inside: (path: string) => string): MountLine {
  const options = ['rbind', readOnly ? 'ro' : 'rw', hasDevices ? [] : 'nodev', make === 'folder' ? MAKE_FOLDER : []];
  return { source, target: inside(target), type: 'none', options: options.flat().join(',') };
}

/** Files are mounted on files, which a table of mounts cannot make. */
function filesToMake({ binds, hidden }: Steps, inside: (path: string) => string, tool: Tools): string[] {
  const files = [
    ...binds.filter(({ make }) => make === 'file').map(({ target }) => inside(target)),
    ...hidden.filter(({ kind }) => kind === 'file').map(({ path }) => inside(path)),
  ];
  if (files.length === 0) return [];
  const folders = [...new Set(files.map((file) => dirname(file)))];
  return [`${tool('mkdir')} -p ${folders.map(quote).join(' ')}`, ...files.map((file) => `: >> ${quote(file)}`)];
}

/** The file systems that the kernel makes. */
function kernelLines(steps: Steps, at: (path: string) => string): MountLine[] {
  const { devices, cgroupViews, kernelPaths } = steps;
  const isThere = (path: string) => kernelPaths.has(path);
  return [
    { source: 'proc', target: at('/proc'), type: 'proc', options: `${SAFE},${MAKE_FOLDER}` },
    ...READ_ONLY_PROC.map((name) => `/proc/${name}`)
      .filter(isThere)
      .map((path) => bound(at(path), at(path), `ro,${SAFE}`)),
    ...MASKED_PROC_FILES.map((name) => `/proc/${name}`)
      .filter(isThere)
      .map((path) => bound('/dev/null', at(path), 'ro')),
    { source: 'sysfs', target: at('/sys'), type: 'sysfs', options: `ro,${SAFE},${MAKE_FOLDER}` },
    ...['/sys/firmware'].filter(isThere).map((path) => tmpfs(at(path), 'ro')),
    ...cgroupLines(cgroupViews, at),
    bound(devices, at('/dev'), `ro,dev,nosuid,noexec,${MAKE_FOLDER}`),
    { source: 'devpts', target: at('/dev/pts'), type: 'devpts', options: 'newinstance,ptmxmode=0666,mode=0620,gid=5' },
    tmpfs(at('/dev/shm'), `${SAFE},mode=1777,size=${SHM_BYTES}`),
    { source: 'mqueue', target: at('/dev/mqueue'), type: 'mqueue', options: SAFE },
    ...temporaryLines(steps, at),
  ];
}

/**
 * /tmp is a part of the root like any other, with what the image has there, and no memory is taken for it; functions are promised
 * that they may write there, so it stays writable where the root is not. What is written over the machine's root is in memory anyway.
 */
function temporaryLines({ writes, readOnlyRoot, temporary }: Steps, at: (path: string) => string): MountLine[] {
  const path = at(temporary);
  if (writes === 'memory') return [tmpfs(path, 'nosuid,nodev,mode=1777')];
  return readOnlyRoot && !APART.test(temporary) ? [bound(path, path, 'rw,nosuid,nodev')] : [];
}

/** The root itself, and folders that no longer belong to it: an image's /tmp may lead to /dev/shm. */
const APART = /^\/((dev|proc|sys)(\/.*)?)?$/;

/** For images that have none, or a link to what they do not have; an image's own stays as it is. */
function temporaryFolder(path: string, tool: Tools): string {
  const quoted = quote(path);
  return `[ -e ${quoted} ] || ${tool('mkdir')} -p -m 1777 ${quoted}`;
}

/** A container sees its own groups and nothing above, and cannot write there. */
function cgroupLines(views: Steps['cgroupViews'], at: (path: string) => string): MountLine[] {
  const [only] = views;
  if (!only) return [];
  if (only.name === '') return [bound(only.folder, at('/sys/fs/cgroup'), `ro,${SAFE}`)];
  const folders = views.map(({ name, folder }) =>
    bound(folder, at(`/sys/fs/cgroup/${name}`), `ro,${SAFE},${MAKE_FOLDER}`),
  );
  return [tmpfs(at('/sys/fs/cgroup'), `mode=755,${SAFE}`), ...folders];
}

/** Files of the kernel that are hidden or made read-only where they are there. */
export const GUARDED_PATHS: readonly string[] = [...READ_ONLY_PROC, ...MASKED_PROC_FILES]
  .map((name) => `/proc/${name}`)
  .concat('/sys/firmware');

/** Text as one word of a shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A field of fstab(5). */
function escapeField(text: string): string {
  return text.replaceAll(/[\\ \t\n#]/g, (mark) => `\\${mark.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/** Overlay takes colons, commas and backslashes for its own. */
function escapeLayer(path: string): string {
  return path.replaceAll(/[\\:,]/g, (mark) => `\\${mark}`);
}
