// Paths whose names need not be text: each byte is a character of them, so that none is lost.

/** The encoding of such paths, for what lists names. */
export const BYTES = 'latin1';

export function bytePathOf(path: string): string {
  return Buffer.from(path).toString(BYTES);
}

/** As the system takes it. */
export function systemPathOf(bytePath: string): Buffer {
  return Buffer.from(bytePath, BYTES);
}
