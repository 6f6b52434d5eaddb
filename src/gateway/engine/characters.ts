// Which bytes may stand where in a message (RFC 9110 §5, RFC 9112 §3). One table, one bit a place.

/** A character of a token: methods, field names. */
export const TOKEN = 1;
/** A character of a field's value or of a reason: visible, space, tab, or beyond ASCII. */
export const TEXT = 2;
/** A character of a request target: visible ASCII without the fragment sign. */
export const TARGET = 4;
/** A character within a quoted string that needs no backslash. */
export const QUOTED = 8;

export const CR = 13;
export const LF = 10;
export const SPACE = 32;
export const TAB = 9;
export const COLON = 58;
export const SEMICOLON = 59;
export const EQUALS = 61;
export const QUOTE = 34;
export const BACKSLASH = 92;

/** The places each byte may stand at. */
export const PLACES: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, byte) => {
  const visible = byte > SPACE && byte < 127;
  const letter = String.fromCharCode(byte);
  const text = visible || byte === SPACE || byte === TAB || byte > 127;
  return (
    (/[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(letter) ? TOKEN : 0) |
    (text ? TEXT : 0) |
    (visible && letter !== '#' ? TARGET : 0) |
    (text && byte !== QUOTE && byte !== BACKSLASH ? QUOTED : 0)
  );
});

const HEX = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? -1 : digit;
});

/** The value of a hexadecimal digit, or -1. */
export function hexDigit(byte: number): number {
  return HEX[byte] ?? -1;
}
