// Patterns of LIKE (CESQL 1.0 §3.4.3): % any characters, _ one, a backslash before either takes it as it is.

const ANY = -1;
const ONE = -2;

/** Whether a text fits; without backtracking beyond the last %. */
export function likePattern(pattern: string): (text: string) => boolean {
  const parts = partsOf(pattern);
  return (text) => fits(parts, text);
}

/** What a text that fits begins with and ends with, as far as no wildcard stands before or behind it. */
export function literalEnds(pattern: string): {
  readonly prefix: string;
  readonly suffix: string;
  readonly whole: boolean;
} {
  const parts = partsOf(pattern);
  const first = parts.findIndex((part) => part < 0);
  if (first < 0) return { prefix: textOf(parts), suffix: textOf(parts), whole: true };
  const last = parts.findLastIndex((part) => part < 0);
  return { prefix: textOf(parts.slice(0, first)), suffix: textOf(parts.slice(last + 1)), whole: false };
}

function textOf(points: readonly number[]): string {
  return String.fromCodePoint(...points);
}

/** Code points, and what stands for others. */
function partsOf(pattern: string): readonly number[] {
  const parts: number[] = [];
  const chars = Array.from(pattern);
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    const next = chars[at + 1];
    if (char === '\\' && (next === '%' || next === '_')) {
      parts.push(next.charCodeAt(0));
      at++;
    } else if (char === '%') parts.push(ANY);
    else parts.push(char === '_' ? ONE : (char.codePointAt(0) ?? 0));
  }
  return parts;
}

function fits(parts: readonly number[], text: string): boolean {
  let at = 0;
  let part = 0;
  // The last % and how far what it stands for reaches: tried again one character longer when what follows does not fit.
  let wildcard = -1;
  let covered = 0;
  while (at < text.length) {
    const point = text.codePointAt(at) ?? 0;
    if (parts[part] === ANY) {
      wildcard = part++;
      covered = at;
    } else if (parts[part] === point || parts[part] === ONE) {
      part++;
      at += width(point);
    } else if (wildcard >= 0) {
      covered += width(text.codePointAt(covered) ?? 0);
      at = covered;
      part = wildcard + 1;
    } else return false;
  }
  while (parts[part] === ANY) part++;
  return part === parts.length;
}

function width(point: number): number {
  return point > 0xffff ? 2 : 1;
}
