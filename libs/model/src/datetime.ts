// Points in time as filters, orders and formulas read them: microseconds since the Unix epoch.
//
// Accepted: `YYYY-MM-DD`, then optionally `T`, `t` or a space and `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fraction`, the last
// two with an optional zone: `Z`, `UTC`, `+HH`, `+HHMM` or `+HH:MM`. Without a zone it is UTC. Month, day, hour, minute
// and second may have a single digit, and the second 60 is the first of the next minute. Refused are a comma before the
// fraction and a zone after `HH:MM`. That is what Qdrant reads, white space inside a date aside. The clock and the
// locale play no part.

import { type ExactNumber, exactInteger } from './exact-number.ts';

const DATETIME =
  /^\s*([+-]\d{1,6}|\d{1,4})-(\d{1,2})-(\d{1,2})(?:(?:T|\s+)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?(?:\s*(?:Z|UTC|([+\-−])(\d{2}):?(\d{2})?)\s*)?)?)?$/iu;

const MILLISECONDS_PER_SECOND = 1_000;
const MICROS_PER_SECOND = 1_000_000;

/** Microseconds since the Unix epoch, finer digits cut off; undefined where the text is no such time. */
export function parseDatetime(text: string): ExactNumber | undefined {
  const match = DATETIME.exec(text);
  if (match === null) return undefined;
  const field = (group: number) => Number(match[group] ?? 0);
  const [year, month, day] = [field(1), field(2), field(3)];
  const [hour, minute, second] = [field(4), field(5), field(6)];
  const [zoneHour, zoneMinute] = [field(9), field(10)];
  if (hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59) return undefined;
  const date = new Date(0);
  // Unlike Date.UTC this does not take the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const zoneMinutes = (match[8] === '+' ? 1 : -1) * (zoneHour * 60 + zoneMinute);
  const seconds = hour * 3_600 + (minute - zoneMinutes) * 60 + second;
  const micros = Number((match[7] ?? '').padEnd(6, '0').slice(0, 6));
  const wholeSeconds = date.getTime() / MILLISECONDS_PER_SECOND + seconds;
  const total = wholeSeconds * MICROS_PER_SECOND + micros;
  // From the year 2255 on the microsecond is finer than a double.
  if (Number.isSafeInteger(total)) return total;
  return exactInteger(BigInt(wholeSeconds) * BigInt(MICROS_PER_SECOND) + BigInt(micros));
}
