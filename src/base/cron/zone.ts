// Time zones by what Intl knows of them: how far a zone's clocks are from UTC, and for how long they stay so.

/** A time zone. All times are milliseconds since 1970. */
export interface TimeZone {
  readonly name: string;
  /** How far local clocks are ahead of UTC at this moment, in milliseconds. */
  offsetAt(time: number): number;
  /** When the offset changes next, at most about a week after `time`; where it does not change until then, that later moment. */
  steadyUntil(time: number): number;
}

/** Clocks change no more than once between two looks. */
const LOOK_MS = 7 * 86_400_000;
const KNOWN_ZONES = new Map<string, TimeZone>();

export const UTC: TimeZone = {
  name: 'UTC',
  offsetAt: () => 0,
  steadyUntil: () => Infinity,
};

/** A zone of the IANA database by its name; undefined where there is none of this name. `UTC` is the empty name, too. */
export function timeZone(name: string): TimeZone | undefined {
  if (name === '' || name === 'UTC') return UTC;
  const known = KNOWN_ZONES.get(name);
  if (known) return known;
  const format = formatOf(name);
  if (!format) return undefined;
  const zone = zoneOf(name, format);
  KNOWN_ZONES.set(name, zone);
  return zone;
}

function formatOf(name: string): Intl.DateTimeFormat | undefined {
  // Intl takes offsets for zones; the database has only names.
  if (!/^[A-Za-z][\w+/-]*$/.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  } catch {
    return undefined;
  }
}

function zoneOf(name: string, format: Intl.DateTimeFormat): TimeZone {
  const offsets = new Map<number, number>();
  const changes = new Map<number, number>();
  const offsetAt = (time: number): number => {
    const parts = new Map<string, number>(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const part = (type: string) => parts.get(type) ?? 0;
    const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return local - Math.floor(time / 1000) * 1000;
  };
  /** Looks are at fixed moments, so that they can be remembered. */
  const lookedAt = (look: number): number => remembered(offsets, look, () => offsetAt(look * LOOK_MS));
  return {
    name,
    offsetAt,
    steadyUntil(time) {
      const look = Math.floor(time / LOOK_MS);
      const next = (look + 1) * LOOK_MS;
      const [before, after] = [lookedAt(look), lookedAt(look + 1)];
      if (before === after) return next;
      const change = remembered(changes, look, () => changeBetween(look * LOOK_MS, next, before, offsetAt));
      return time < change ? change : next;
    },
  };
}

function remembered(known: Map<number, number>, key: number, make: () => number): number {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

/** The first second at which the offset is no longer `before`. */
function changeBetween(low: number, high: number, before: number, offsetAt: (time: number) => number): number {
  let [from, to] = [Math.floor(low / 1000), Math.floor(high / 1000)];
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (offsetAt(middle * 1000) === before) from = middle;
    else to = middle;
  }
  return to * 1000;
}
