// The user of an image (`USER`, OCI config.User) as numbers: names are looked up in the image's own /etc/passwd and /etc/group.

import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInRoot } from './sandbox/root-path.ts';

export interface UserIds {
  /** Undefined where the name stands nowhere in the image. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Other groups of the image that the user is in. */
  readonly groups: readonly number[];
  /** The user's home by the image; looked up when it is asked for, where it is not known by then. */
  home(): Promise<string>;
}

/** The home of whom /etc/passwd does not know, as container engines have it. */
const NO_HOME = '/';

/** `text` is `USER[:GROUP]`, each a name or a number; nothing is root. `rootfs` is the image's root folder or `host`. */
export async function imageUser(text: string, rootfs: string): Promise<UserIds> {
  const [user = '', group = ''] = text.split(':');
  const own = await userOf(user, rootfs);
  return group === '' ? own : { ...own, gid: await groupOf(group, rootfs), groups: [] };
}

async function userOf(user: string, rootfs: string): Promise<UserIds> {
  if (user === '' || user === 'root') return { uid: 0, gid: 0, groups: [], home: () => homeOf('0', rootfs) };
  const entries = await entriesOf('passwd', rootfs);
  const isNumber = /^\d+$/.test(user);
  const found = entries.find(([name, , uid]) => (isNumber ? uid === user : name === user));
  const home = async () => found?.[5] || NO_HOME;
  if (found)
    return { uid: Number(found[2]), gid: Number(found[3]), groups: await groupsOf(found[0] ?? '', rootfs), home };
  return { uid: isNumber ? Number(user) : undefined, gid: isNumber ? 0 : undefined, groups: [], home };
}

async function homeOf(id: string, rootfs: string): Promise<string> {
  return (await entriesOf('passwd', rootfs)).find(([, , uid]) => uid === id)?.[5] || NO_HOME;
}

/** Groups that name the user among their members. */
async function groupsOf(user: string, rootfs: string): Promise<number[]> {
  const entries = await entriesOf('group', rootfs);
  return entries.filter(([, , , members = '']) => members.split(',').includes(user)).map(([, , gid]) => Number(gid));
}

async function groupOf(group: string, rootfs: string): Promise<number | undefined> {
  if (/^\d+$/.test(group)) return Number(group);
  const found = (await entriesOf('group', rootfs)).find(([name]) => name === group);
  return found ? Number(found[2]) : undefined;
}

/** The lines of a file of /etc, split at their colons; none where there is no such file that can be used. Links of an image lead nowhere else. */
async function entriesOf(file: 'passwd' | 'group', rootfs: string): Promise<string[][]> {
  const text = await textIn(rootfs === 'host' ? '/' : rootfs, `/etc/${file}`).catch(() => '');
  return text.split('\n').map((line) => line.split(':'));
}

/** Far more than any system has users; an image's file is read at each start of a container, and comes from anybody. */
const MOST_BYTES = 2 ** 20;

/** Nothing where it is no plain file, or too large. Throws where there is none, or links lead round in a circle. */
async function textIn(root: string, path: string): Promise<string> {
  const place = join(root, resolveInRoot([root], path));
  const stats = await lstat(place);
  return stats.isFile() && stats.size <= MOST_BYTES ? readFile(place, 'utf8') : '';
}
