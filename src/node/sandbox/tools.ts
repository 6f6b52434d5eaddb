// Runs the system's own tools (util-linux, iproute2) and says whether this machine lets us use them.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Where system tools are; the platform's own PATH may lack the administrator's folders. */
const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** What tools are run with, whatever the platform's own environment holds. */
export const TOOL_ENV: Readonly<Record<string, string>> = { PATH: FOLDERS.join(':'), LC_ALL: 'C' };

const NEEDED = ['unshare', 'nsenter', 'mount', 'umount', 'ip', 'sh', 'sleep', 'mkdir', 'cp', 'rm'];

/** The full path of a tool. Throws where it is not there. */
export function tool(name: string): string {
  const found = FOLDERS.map((folder) => `${folder}/${name}`).find((path) => existsSync(path));
  if (!found) throw new Error(`the tool ${name} is not on this machine`);
  return found;
}

/** Runs a tool to its end; gives its output. Throws with what it said where it fails. */
export function run(name: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool(name), args, { env: TOOL_ENV, stdio: ['pipe', 'pipe', 'pipe'] });
    let [out, said] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('error', reject);
    child.stdin.on('error', () => undefined);
    child.once('close', (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${name} ${args.join(' ')} failed: ${said.trim() || `code ${code}`}`));
    });
    child.stdin.end(input);
  });
}

/** Several commands of `ip` in one go. */
export function ip(...commands: readonly string[]): Promise<string> {
  return run('ip', ['-batch', '-'], `${commands.join('\n')}\n`);
}

/** Why containers cannot be isolated on this machine, in one sentence; undefined where they can. */
export function sandboxProblem(): string | undefined {
  if (process.platform !== 'linux') return `namespaces are a feature of Linux, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'making namespaces with networks of their own needs root';
  const missing = NEEDED.filter((name) => !FOLDERS.some((folder) => existsSync(`${folder}/${name}`)));
  if (missing.length > 0)
    return `these tools are not on this machine: ${missing.join(', ')} (packages util-linux and iproute2)`;
  return (
    refusedBy(['--mount', '--pid', '--fork', '--net', '--uts', '--ipc'], MOUNT_TRIAL) ?? refusedBy(['--net'], NET_TRIAL)
  );
}

const MOUNT_TRIAL =
  'mount -t tmpfs tmpfs /tmp && mkdir /tmp/l /tmp/u /tmp/w /tmp/m && mount -t overlay overlay -o lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w /tmp/m && mount -t proc proc /tmp/l';
const NET_TRIAL = 'ip link add t0 type bridge && ip link add t1 type veth peer name t2';

function refusedBy(namespaces: readonly string[], trial: string): string | undefined {
  const end = spawnSync(tool('unshare'), [...namespaces, '--', tool('sh'), '-c', trial], {
    env: TOOL_ENV,
    encoding: 'utf8',
  });
  return end.status === 0
    ? undefined
    : `the kernel refuses what isolation needs: ${(end.stderr || end.error?.message || '').trim().split('\n')[0] ?? ''}`;
}
