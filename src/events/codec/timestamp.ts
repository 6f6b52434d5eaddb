// Timestamps of RFC 3339, checked; they stay the text that they came as.

const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-4]):[0-5]\d)$/;

/** Whether a text is a timestamp whose day exists. */
export function isTimestamp(text: string): boolean {
  const found = TIMESTAMP.exec(text);
  if (!found) return false;
  const [, year, month, day] = found.map(Number);
  return day !== undefined && day >= 1 && day <= daysIn(Number(year), Number(month));
}

/** 0 for a month that does not exist. */
function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  if (month < 1 || month > 12) return 0;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
