// Exact quantities: added, compared and written as Kubernetes' resource.Quantity does, where floating point would round.

/** How an amount is written: by powers of 1000, of 1024, or with an exponent. */
type Family = 'decimal' | 'binary' | 'exponent';

/** An exact amount, in billionths. */
export interface Amount {
  readonly nano: bigint;
  readonly family: Family;
}

export const NO_AMOUNT: Amount = { nano: 0n, family: 'decimal' };

const BILLION = 10n ** 9n;
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+)|([KMGTPE]i|[numkMGTPE]?))$/;

/** Reads a quantity; undefined where the text is none. What is finer than a billionth is rounded up, away from zero. */
export function amountOf(value: string | number): Amount | undefined {
  const match = QUANTITY.exec(String(value));
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const { factor, divisor, family } = scaleOf(exponent, suffix);
  const nano = quotientUp(BigInt(whole + fraction) * factor, 10n ** BigInt(fraction.length) * divisor);
  return { nano: sign === '-' ? -nano : nano, family };
}

function scaleOf(exponent: string | undefined, suffix: string): { factor: bigint; divisor: bigint; family: Family } {
  if (exponent !== undefined) {
    const power = Number(exponent) + 9;
    return {
      factor: 10n ** BigInt(Math.max(power, 0)),
      divisor: 10n ** BigInt(Math.max(-power, 0)),
      family: 'exponent',
    };
  }
  if (suffix.endsWith('i'))
    return { factor: BILLION * 1024n ** BigInt(BINARY.indexOf(suffix)), divisor: 1n, family: 'binary' };
  return { factor: 1000n ** BigInt(DECIMAL.indexOf(suffix)), divisor: 1n, family: 'decimal' };
}

function quotientUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor;
}

/** The sum, written as the first; as the second where the first is nothing. */
export function plus(a: Amount, b: Amount): Amount {
  return { nano: a.nano + b.nano, family: a.nano === 0n ? b.family : a.family };
}

export function minus(a: Amount, b: Amount): Amount {
  return plus(a, { ...b, nano: -b.nano });
}

/** Below 0 where `a` is less, above where it is more. */
export function compareAmounts(a: Amount, b: Amount): number {
  if (a.nano === b.nano) return 0;
  return a.nano < b.nano ? -1 : 1;
}

/** A count as an amount. */
export const countOf = (count: number): Amount => ({ nano: BigInt(count) * BILLION, family: 'decimal' });

/** The canonical text: `1500m`, `2`, `1Gi`, `2e3`. */
export function amountText({ nano, family }: Amount): string {
  if (nano === 0n) return '0';
  const size = nano < 0n ? -nano : nano;
  const isBinary = family === 'binary' && size >= 1024n * BILLION && size % BILLION === 0n;
  const sign = nano < 0n ? '-' : '';
  if (isBinary) {
    const { rest, times } = dividedBy(1024n, size / BILLION, BINARY.length - 1);
    return `${sign}${rest}${BINARY[times]}`;
  }
  const { rest, times } = dividedBy(1000n, size, DECIMAL.length - 1);
  if (family !== 'exponent') return `${sign}${rest}${DECIMAL[times]}`;
  return `${sign}${rest}${times === 3 ? '' : `e${(times - 3) * 3}`}`;
}

/** Takes a factor out of a number as often as it goes, at most `most` times. */
function dividedBy(factor: bigint, value: bigint, most: number): { rest: bigint; times: number } {
  let rest = value;
  let times = 0;
  while (times < most && rest % factor === 0n) {
    rest /= factor;
    times++;
  }
  return { rest, times };
}

/** A quantity as Kubernetes writes it back; text that is none stays as it is. */
export function canonicalQuantity(value: string | number): string {
  const amount = amountOf(value);
  return amount ? amountText(amount) : String(value);
}
