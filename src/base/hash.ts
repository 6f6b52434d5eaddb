// Small non-cryptographic hashes that appear in names and labels of the API.

/** FNV-1a, 32 bits, over UTF-8. */
export function fnv32a(text: string): number {
  let hash = FNV_OFFSET;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return fnvOfBytes(new TextEncoder().encode(text));
    hash = Math.imul(hash ^ unit, FNV_PRIME);
  }
  return hash >>> 0;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

function fnvOfBytes(bytes: Uint8Array): number {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash >>> 0;
}

/** CRC-32 (IEEE), as the checksum of a config map's `_example` uses. */
export function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Adler-32 (RFC 1950), as the name of a tag's certificate uses. */
export function adler32(text: string): number {
  let [a, b] = [1, 0];
  for (const byte of new TextEncoder().encode(text)) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

/** MD5 (RFC 1321) as 32 hex digits. Only for names that the API fixes; no safeguard against anybody. */
export function md5(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (const block of md5Blocks(bytes)) {
    const mixed = md5Mix(state, block);
    mixed.forEach((word, i) => (state[i] = ((state[i] ?? 0) + word) | 0));
  }
  return state
    .map((word) => [0, 8, 16, 24].map((shift) => ((word >>> shift) & 0xff).toString(16).padStart(2, '0')).join(''))
    .join('');
}

const MD5_SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
];

function* md5Blocks(bytes: Uint8Array): Generator<DataView> {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n, true);
  for (let at = 0; at < padded.length; at += 64) yield new DataView(padded.buffer, at, 64);
}

function md5Mix([a = 0, b = 0, c = 0, d = 0]: readonly number[], block: DataView): number[] {
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    const [chosen = 0, word = 0] =
      [
        () => [(b & c) | (~b & d), i],
        () => [(d & b) | (~d & c), 5 * i + 1],
        () => [b ^ c ^ d, 3 * i + 5],
        () => [c ^ (b | ~d), 7 * i],
      ][round]?.() ?? [];
    const sine = Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32);
    const sum = (a + chosen + sine + block.getUint32((word % 16) * 4, true)) | 0;
    const shift = MD5_SHIFTS[round]?.[i % 4] ?? 0;
    [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
  }
  return [a, b, c, d];
}
