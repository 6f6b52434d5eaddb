// Header fields as they came: names and values by turns.

/** The first value of a field, by its lower-case name. */
export function headerValue(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i] ?? '';
    if (field.length === name.length && field.toLowerCase() === name) return headers[i + 1];
  }
  return undefined;
}
