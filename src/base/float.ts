// Floating-point numbers as Go's strconv.ParseFloat reads them.

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const WORDS = /^([+-]?)(inf|infinity|nan)$/i;

/** The number of a text, `Inf` and `NaN` among them; undefined where it is none. Go's hexadecimal numbers are left out. */
export function parseFloat64(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number.isFinite(Number(text)) ? Number(text) : undefined;
  const [, sign, word] = WORDS.exec(text) ?? [];
  if (word === undefined) return undefined;
  if (word.toLowerCase() === 'nan') return sign ? undefined : NaN;
  return sign === '-' ? -Infinity : Infinity;
}
