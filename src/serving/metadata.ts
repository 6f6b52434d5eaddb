// Small work on labels and annotations.

type Texts = Readonly<Record<string, string>>;

/** The map without some keys. */
export function without(map: Texts | undefined, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !keys.includes(key)));
}

/** The map without the keys that a test finds. */
export function filtered(map: Texts | undefined, leaveOut: (key: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !leaveOut(key)));
}

/** An annotation that lists names, separated by commas. */
export function listOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').filter(Boolean);
}

/** The value under the first of several spellings of a key. */
export function firstOf(map: Texts | undefined, keys: readonly string[]): string | undefined {
  const key = keys.find((key) => map?.[key] !== undefined);
  return key === undefined ? undefined : map?.[key];
}
