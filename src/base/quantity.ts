// Kubernetes quantities (`250m`, `1.5Gi`, `2e3`): how resources are counted.

const FACTOR: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The pattern a quantity must match, as the Kubernetes API names it in its error texts. */
export const QUANTITY_PATTERN = '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$';

/** The pattern by which a CRD's schema knows a quantity (controller-gen writes it so). */
export const SCHEMA_QUANTITY_PATTERN =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';

/** The plain number of a quantity, or undefined where the text is none. */
export function parseQuantity(value: string | number): number | undefined {
  if (typeof value === 'number') return value;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]?))$/.exec(value);
  if (!match) return undefined;
  if (match[2]) return Number(`${match[1]}${match[2]}`);
  const factor = FACTOR[match[3] ?? ''];
  return factor === undefined ? undefined : Number(match[1]) * factor;
}

const STEPS = ['m', '', 'k', 'M', 'G', 'T', 'P', 'E'];

/** So many thousandths in the form that Kubernetes gives a decimal quantity: 250 is `250m`, 1,500 `1500m`, 2,000,000 `2k`. */
export function milliQuantity(milli: number): string {
  if (milli === 0) return '0';
  let value = milli;
  let step = 0;
  for (; value % 1000 === 0 && step < STEPS.length - 1; step++) value /= 1000;
  return `${value}${STEPS[step]}`;
}
