// The rights of root that a container keeps (capabilities(7)), from what its security context asks for. Pure.

/** By their numbers, from 0. */
const NAMES = [
  'chown',
  'dac_override',
  'dac_read_search',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'linux_immutable',
  'net_bind_service',
  'net_broadcast',
  'net_admin',
  'net_raw',
  'ipc_lock',
  'ipc_owner',
  'sys_module',
  'sys_rawio',
  'sys_chroot',
  'sys_ptrace',
  'sys_pacct',
  'sys_admin',
  'sys_boot',
  'sys_nice',
  'sys_resource',
  'sys_time',
  'sys_tty_config',
  'mknod',
  'lease',
  'audit_write',
  'audit_control',
  'setfcap',
  'mac_override',
  'mac_admin',
  'syslog',
  'wake_alarm',
  'block_suspend',
  'audit_read',
  'perfmon',
  'bpf',
  'checkpoint_restore',
];

/** What a container may do as root where nothing else is said, as container engines have it. */
export const USUAL_CAPABILITIES: readonly string[] = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'net_bind_service',
  'net_raw',
  'sys_chroot',
  'mknod',
  'audit_write',
  'setfcap',
];

/** Capabilities that there may be. */
export const HIGHEST_CAPABILITY = 63;

/** What is kept: with ALL everything or nothing to begin with, then what is added, without what is dropped. Names that are no capability are told. */
export function capabilitiesOf(
  add: readonly string[],
  drop: readonly string[],
): { readonly kept: readonly string[] } | { readonly unknown: string } {
  const [added, dropped] = [add.map(plain), drop.map(plain)];
  const unknown = [...add, ...drop].find((_, index) => {
    const name = [...added, ...dropped][index] ?? '';
    return name !== 'all' && !NAMES.includes(name);
  });
  if (unknown !== undefined) return { unknown };
  const usual = dropped.includes('all') ? [] : added.includes('all') ? NAMES : USUAL_CAPABILITIES;
  const kept = new Set([...usual, ...added.filter((name) => name !== 'all')]);
  for (const name of dropped) kept.delete(name);
  return { kept: NAMES.filter((name) => kept.has(name)) };
}

/** `CAP_NET_RAW` and `net_raw` are the same. */
function plain(name: string): string {
  return name.toLowerCase().replace(/^cap_/, '');
}

/** A set of them as the kernel writes it, one bit each. */
export function maskOf(names: Iterable<string>): bigint {
  let mask = 0n;
  for (const name of names) mask |= 1n << BigInt(NAMES.indexOf(name));
  return mask;
}
