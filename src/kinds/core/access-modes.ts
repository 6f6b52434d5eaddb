// How volumes may be mounted, as claims ask for it and volumes allow it.

const SHORT: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

export const ACCESS_MODES = Object.keys(SHORT).sort();

/** As printers show them. */
export function accessModesText(modes: readonly string[] | undefined): string {
  return (modes ?? []).map((mode) => SHORT[mode] ?? mode).join(',');
}
