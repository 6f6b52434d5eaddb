// A look over JSON text for what JSON.parse does not tell: fields that are written twice, and nesting without end.

/** What the scan found in text that is valid JSON. */
export interface JsonScan {
  /** Paths of fields that occur more than once in their object, such as `spec.replicas`. */
  readonly duplicates: readonly string[];
  readonly depth: number;
}

interface Level {
  /** Where the level stands in its parent: a field's name or an index. */
  readonly path: string;
  /** The fields seen so far; undefined for a list. */
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
}

/** Text deeper than this is not looked at further; the caller refuses it. */
export const DEEPEST = 500;
/** As many duplicates as one answer can name. */
const MOST_DUPLICATES = 20;

/** Scans text for duplicates and depth. The text need not be valid: what it says is then of no use, but it ends. */
export function scanJson(text: string): JsonScan {
  const duplicates = new Set<string>();
  const stack: Level[] = [];
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const level = stack.at(-1);
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = stringEnd(text, i);
        if (level?.keys && isKey(text, end)) noteKey(level, text.slice(i, end + 1), duplicates);
        i = end;
        break;
      }
      case OPEN_OBJECT:
      case OPEN_LIST:
        stack.push({
          path: pathOf(level),
          keys: text.charCodeAt(i) === OPEN_OBJECT ? new Set() : undefined,
          key: '',
          index: 0,
        });
        deepest = Math.max(deepest, stack.length);
        if (deepest > DEEPEST) return { duplicates: [...duplicates], depth: deepest };
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        stack.pop();
        break;
      case COMMA:
        if (level) level.index++;
        break;
      default:
    }
  }
  return { duplicates: [...duplicates], depth: deepest };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/** The index of the quote that ends the string which begins at `start`. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code === BACKSLASH) i++;
  }
  return text.length;
}

/** Whether the string that ends here is a field's name: a colon comes next. */
function isKey(text: string, end: number): boolean {
  for (let i = end + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code === COLON;
  }
  return false;
}

function noteKey(level: Level, quoted: string, duplicates: Set<string>): void {
  const key = nameIn(quoted);
  level.key = key;
  if (level.keys?.has(key) && duplicates.size < MOST_DUPLICATES)
    duplicates.add(level.path ? `${level.path}.${key}` : key);
  level.keys?.add(key);
}

function nameIn(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}

function pathOf(level: Level | undefined): string {
  if (!level) return '';
  if (!level.keys) return `${level.path}[${level.index}]`;
  return level.path ? `${level.path}.${level.key}` : level.key;
}
