// The numbers of Linux' system calls on the machines that the sandbox runs on.

export type Machine = 'x64' | 'arm64';

/** Those by which a program is brought into its container: x64, arm64. */
const ENTERING = {
  read: [0, 63],
  write: [1, 64],
  close: [3, 57],
  chdir: [80, 49],
  chroot: [161, 51],
  setgroups: [116, 159],
  setresuid: [117, 147],
  setresgid: [119, 149],
  prctl: [157, 167],
  capset: [126, 91],
  seccomp: [317, 277],
  execve: [59, 221],
  exit_group: [231, 94],
  umask: [95, 166],
  unshare: [272, 97],
} as const;

export type Entering = keyof typeof ENTERING;

export function numberOf(call: Entering, machine: Machine): number {
  return ENTERING[call][machine === 'x64' ? 0 : 1];
}

/** Those that containers are refused: x64, arm64, and the capability that opens them again; undefined where the machine has no such call. */
export const REFUSED: Readonly<
  Record<string, readonly [x64: number | undefined, arm64: number | undefined, capability?: string]>
> = {
  acct: [163, 89, 'sys_pacct'],
  add_key: [248, 217],
  bpf: [321, 280, 'sys_admin'],
  clock_settime: [227, 112, 'sys_time'],
  delete_module: [176, 106, 'sys_module'],
  fanotify_init: [300, 262, 'sys_admin'],
  finit_module: [313, 273, 'sys_module'],
  fsconfig: [431, 431, 'sys_admin'],
  fsmount: [432, 432, 'sys_admin'],
  fsopen: [430, 430, 'sys_admin'],
  fspick: [433, 433, 'sys_admin'],
  get_mempolicy: [239, 236, 'sys_nice'],
  init_module: [175, 105, 'sys_module'],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  ioperm: [173, undefined, 'sys_rawio'],
  iopl: [172, undefined, 'sys_rawio'],
  kcmp: [312, 272, 'sys_ptrace'],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  keyctl: [250, 219],
  lookup_dcookie: [212, 18, 'sys_admin'],
  mbind: [237, 235, 'sys_nice'],
  migrate_pages: [256, 238],
  mount: [165, 40, 'sys_admin'],
  mount_setattr: [442, 442, 'sys_admin'],
  move_mount: [429, 429, 'sys_admin'],
  move_pages: [279, 239],
  nfsservctl: [180, 42],
  open_by_handle_at: [304, 265, 'dac_read_search'],
  open_tree: [428, 428, 'sys_admin'],
  perf_event_open: [298, 241, 'sys_admin'],
  pidfd_getfd: [438, 438, 'sys_ptrace'],
  pivot_root: [155, 41],
  process_madvise: [440, 440, 'sys_ptrace'],
  process_vm_readv: [310, 270, 'sys_ptrace'],
  process_vm_writev: [311, 271, 'sys_ptrace'],
  quotactl: [179, 60, 'sys_admin'],
  quotactl_fd: [443, 443, 'sys_admin'],
  reboot: [169, 142, 'sys_boot'],
  request_key: [249, 218],
  set_mempolicy: [238, 237, 'sys_nice'],
  set_mempolicy_home_node: [450, 450, 'sys_nice'],
  setdomainname: [171, 162, 'sys_admin'],
  sethostname: [170, 161, 'sys_admin'],
  setns: [308, 268, 'sys_admin'],
  settimeofday: [164, 170, 'sys_time'],
  swapoff: [168, 225],
  swapon: [167, 224],
  sysfs: [139, undefined],
  syslog: [103, 116, 'syslog'],
  umount2: [166, 39, 'sys_admin'],
  unshare: [272, 97, 'sys_admin'],
  uselib: [134, undefined],
  userfaultfd: [323, 282],
  ustat: [136, undefined],
  vhangup: [153, 58, 'sys_tty_config'],
};

/** Those of which some uses are refused: x64, arm64. */
export const LIMITED = {
  clone: [56, 220],
  clone3: [435, 435],
  personality: [135, 92],
  socket: [41, 198],
} as const;
