// Points in time as filters, orders and formulas read them: microseconds since the Unix epoch.
//
// Accepted: `YYYY-MM-DD`, then optionally `T` or a space and `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fraction`, then optionally
// `Z`, `+HH`, `+HHMM` or `+HH:MM`. Without a zone it is UTC. The clock and the locale play no part.

const DATETIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,18}))?)? ?(?:([Zz])|([+-])(\d{2}):?(\d{2})?)?)?$/;

/** Microseconds since the Unix epoch, finer digits cut off; undefined where the text is no such time. */
export function parseDatetime(text: string): number | undefined {
  const match = DATETIME.exec(text);
  if (match === null) return undefined;
  const field = (group: number) => Number(match[group] ?? 0);
  const [year, month, day] = [field(1), field(2), field(3)];
  const [hour, minute, second] = [field(4), field(5), field(6)];
  const [zoneHour, zoneMinute] = [field(10), field(11)];
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return undefined;
  const date = new Date(0);
  // Unlike Date.UTC this does not take the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const zoneMinutes = (match[9] === '-' ? -1 : 1) * (zoneHour * 60 + zoneMinute);
  const seconds = hour * 3_600 + (minute - zoneMinutes) * 60 + second;
  const micros = Number((match[7] ?? '').padEnd(6, '0').slice(0, 6));
  return date.getTime() * 1_000 + seconds * 1_000_000 + micros;
}
