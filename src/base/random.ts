// Chance as a port, and the names that are made from it.

/** A source of numbers in [0, 1). */
export interface Random {
  next(): number;
}

/** The machine's own chance. */
export const systemRandom: Random = { next: () => Math.random() };

/** Chance that nobody can foretell, 32 bits a number: for what must not be guessed. */
export const secureRandom: Random = {
  next: () => (globalThis.crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32,
};

/** The same numbers for the same seed (mulberry32), for simulations that must reproduce themselves. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

// Kubernetes leaves out vowels and look-alikes, so that no word and no mistake is made by chance.
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A suffix as Kubernetes appends to `generateName`: five characters unless told. */
export function nameSuffix(random: Random, length = 5): string {
  let out = '';
  for (let i = 0; i < length; i++) out += SUFFIX_ALPHABET[Math.floor(random.next() * SUFFIX_ALPHABET.length)];
  return out;
}

/** A version 4 UUID. */
export function uuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random.next() * 16));
  hex[12] = 4;
  hex[16] = 8 + ((hex[16] ?? 0) % 4);
  const text = hex.map((digit) => digit.toString(16)).join('');
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}

/** 128 bits as 32 hexadecimal digits; as hard to guess as the chance that they are made of. */
export function randomId(random: Random): string {
  return Array.from({ length: 4 }, () =>
    Math.floor(random.next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
}
