// Timestamps of RFC 3339, checked; they stay the text that they came as.

const ZERO = 48;
const LONGEST_DATE = 19;

/** Whether a text is a timestamp whose day exists. Nearly every event has one: by digits it is read quicker than by an expression. */
export function isTimestamp(text: string): boolean {
  if (text.length <= LONGEST_DATE) return false;
  const year = numberAt(text, 0, 4);
  const month = numberAt(text, 5, 2);
  const day = numberAt(text, 8, 2);
  if (year < 0 || text[4] !== '-' || text[7] !== '-' || (text[10] !== 'T' && text[10] !== 't')) return false;
  if (day < 1 || day > daysIn(year, month)) return false;
  if (text[13] !== ':' || text[16] !== ':') return false;
  if (!isWithin(numberAt(text, 11, 2), 23) || !isWithin(numberAt(text, 14, 2), 59)) return false;
  return isWithin(numberAt(text, 17, 2), 60) && isZone(text, afterFraction(text, LONGEST_DATE));
}

/** -1 where not all of them are digits. */
function numberAt(text: string, at: number, digits: number): number {
  let number = 0;
  for (let i = at; i < at + digits; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (!isWithin(digit, 9)) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** False for NaN, too. */
function isWithin(number: number, most: number): boolean {
  return number >= 0 && number <= most;
}

/** Where a fraction that begins there ends; -1 where it has no digit. */
function afterFraction(text: string, at: number): number {
  if (text[at] !== '.') return at;
  let end = at + 1;
  while (isWithin(text.charCodeAt(end) - ZERO, 9)) end++;
  return end === at + 1 ? -1 : end;
}

function isZone(text: string, at: number): boolean {
  const sign = text[at];
  if (sign === 'Z' || sign === 'z') return text.length === at + 1;
  if ((sign !== '+' && sign !== '-') || text.length !== at + 6 || text[at + 3] !== ':') return false;
  return isWithin(numberAt(text, at + 1, 2), 24) && isWithin(numberAt(text, at + 4, 2), 59);
}

/** 0 for a month that does not exist. */
function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  if (month < 1 || month > 12) return 0;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
