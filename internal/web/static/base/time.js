// Times in a zone. An instant is whole microseconds since 1970, UTC; days and clocks
// are those of an IANA zone, with the days of 23 and 25 hours that its clocks make.

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** @typedef {{year: number, month: number, day: number, hour: number, minute: number, second: number}} Wall month counts from 1 */

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * @param {string} zone
 * @param {string} name
 * @param {Intl.DateTimeFormatOptions} options
 */
function format(zone, name, options) {
  const key = zone + "\n" + name;
  let made = formats.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
    formats.set(key, made);
  }
  return made;
}

/** @param {Micros} at */
const date = (at) => new Date(Math.floor(at / 1000));

/**
 * What calendar and clock show at an instant.
 * @param {Micros} at
 * @param {string} zone
 * @returns {Wall}
 */
export function wall(at, zone) {
  const shown = format(zone, "wall", { calendar: "iso8601", numberingSystem: "latn", hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
  const w = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const part of shown.formatToParts(date(at))) {
    if (part.type in w) w[/** @type {keyof Wall} */ (part.type)] = Number(part.value);
  }
  return w;
}

/** @param {Wall} w as if it were UTC */
function utc(w) {
  const d = new Date(0);
  d.setUTCFullYear(w.year, w.month - 1, w.day);
  d.setUTCHours(w.hour, w.minute, w.second);
  return d.getTime() * 1000;
}

/**
 * How far the zone's clocks are ahead of UTC.
 * @param {Micros} at
 * @param {string} zone
 * @returns {Micros}
 */
export function offset(at, zone) {
  const second = Math.floor(at / SECOND) * SECOND;
  return utc(wall(second, zone)) - second;
}

/**
 * The instant at which the clocks show w: the earlier of two; where clocks were set
 * forward over it, as much later as they were set.
 * @param {Wall} w
 * @param {string} zone
 * @returns {Micros}
 */
export function instant(w, zone) {
  const shown = utc(w);
  const before = offset(shown - DAY, zone);
  const after = offset(shown + DAY, zone);
  for (const at of [shown - Math.max(before, after), shown - Math.min(before, after)]) {
    if (at + offset(at, zone) === shown) return at;
  }
  return shown - before;
}

/** @param {number} n @param {number} [width] */
const digits = (n, width = 2) => String(n).padStart(width, "0");

/** @param {Wall} w */
const dayText = (w) => `${digits(w.year, 4)}-${digits(w.month)}-${digits(w.day)}`;

/**
 * The day of an instant, YYYY-MM-DD: the one within whose bounds it lies. That is the
 * date that calendars show, except in an hour that clocks show again after they were
 * set back over midnight.
 * @param {Micros} at
 * @param {string} zone
 */
export function dayOf(at, zone) {
  const shown = wall(at, zone);
  const day = dayText(shown);
  if (shown.hour < 22) return day;
  const next = addDays(day, 1);
  return at < startOfDay(next, zone) ? day : next;
}

/** @param {string} day YYYY-MM-DD @returns {Wall} its midnight */
function midnight(day) {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return { year, month, day: date, hour: 0, minute: 0, second: 0 };
}

/**
 * The day that is so many days after.
 * @param {string} day
 * @param {number} count
 */
export function addDays(day, count) {
  return new Date(utc(midnight(day)) / 1000 + count * 86_400_000).toISOString().slice(0, 10);
}

/**
 * The first instant of a day. Where clocks are set forward at midnight, that is one
 * o'clock; where they are set back over it, the first of two midnights.
 * @param {string} day YYYY-MM-DD
 * @param {string} zone
 * @returns {Micros}
 */
export function startOfDay(day, zone) {
  return instant(midnight(day), zone);
}

/**
 * The first instant after a day.
 * @param {string} day
 * @param {string} zone
 * @returns {Micros}
 */
export function endOfDay(day, zone) {
  return startOfDay(addDays(day, 1), zone);
}

/**
 * The clock, HH:MM:SS.
 * @param {Micros} at
 * @param {string} zone
 * @param {{seconds?: boolean}} [options]
 */
export function clock(at, zone, options = {}) {
  const w = wall(at, zone);
  const text = `${digits(w.hour)}:${digits(w.minute)}`;
  return options.seconds === false ? text : `${text}:${digits(w.second)}`;
}

/**
 * The date for people: "Tue 24 Nov 2026".
 * @param {Micros} at
 * @param {string} zone
 */
export function dateText(at, zone) {
  return format(zone, "date", { weekday: "short", day: "numeric", month: "short", year: "numeric" }).format(date(at)).replace(",", "");
}

/**
 * The short name of the zone at an instant, such as "CET" or "GMT-3:30".
 * @param {Micros} at
 * @param {string} zone
 */
export function zoneText(at, zone) {
  const parts = format(zone, "zone", { timeZoneName: "short" }).formatToParts(date(at));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

/**
 * A length of time for people: "42 s", "18 min", "3 h 5 min", "2 d 4 h".
 * @param {Micros} length
 */
export function duration(length) {
  const seconds = Math.round(Math.abs(length) / SECOND);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/**
 * RFC 3339, UTC, to the microsecond.
 * @param {Micros} at
 */
export function iso(at) {
  const whole = date(at).toISOString(); // to the millisecond
  const rest = ((at % 1000) + 1000) % 1000;
  return rest === 0 ? whole : `${whole.slice(0, -1)}${digits(rest, 3)}Z`;
}

/**
 * Reads RFC 3339 to the microsecond.
 * @param {string} text
 * @returns {Micros} NaN where it is none
 */
export function fromISO(text) {
  const parts = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/.exec(text);
  if (parts === null) return NaN;
  const fraction = Number((parts[2] ?? "").padEnd(6, "0").slice(0, 6));
  return Date.parse(`${parts[1]}${parts[3]}`.toUpperCase()) * 1000 + fraction;
}

const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** @param {string} word @param {string[]} names @returns {number} -1 for none */
function named(word, names) {
  const full = { sun: "sunday", mon: "monday", tue: "tuesday", wed: "wednesday", thu: "thursday", fri: "friday", sat: "saturday", jan: "january", feb: "february", mar: "march", apr: "april", may: "may", jun: "june", jul: "july", aug: "august", sep: "september", oct: "october", nov: "november", dec: "december" };
  return names.findIndex((name) => word.length >= 3 && full[/** @type {keyof typeof full} */ (name)].startsWith(word.replace(/\.$/, "")));
}

/**
 * Reads a clock: "15:20", "15:20:30", "9am", "9:05 pm".
 * @param {string} text
 * @returns {{hour: number, minute: number, second: number} | null}
 */
function parseClock(text) {
  const parts = /^(\d{1,2})(?:[:.](\d\d))?(?:[:.](\d\d))?\s*(am|pm)?$/.exec(text);
  if (parts === null || (parts[2] === undefined && parts[4] === undefined)) return null;
  let hour = Number(parts[1]);
  const minute = Number(parts[2] ?? 0);
  const second = Number(parts[3] ?? 0);
  if (parts[4] !== undefined) {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + (parts[4] === "pm" ? 12 : 0);
  }
  return hour > 23 || minute > 59 || second > 59 ? null : { hour, minute, second };
}

/** @param {number} year @param {number} month @param {number} day @returns {string | null} */
function makeDay(year, month, day) {
  const w = { year, month, day, hour: 0, minute: 0, second: 0 };
  const text = dayText(w);
  return addDays(text, 0) === text ? text : null;
}

/**
 * Reads a day that is today's or before: "today", "yesterday", "tue", "last tuesday",
 * "3 nov", "nov 3 2025", "2025-11-03", "3.11.2025".
 * @param {string} text
 * @param {string} today
 * @returns {{day: string, weekday: boolean} | null}
 */
function parseDay(text, today) {
  /** @param {string | null} day */
  const found = (day) => (day === null ? null : { day, weekday: false });
  if (text === "today") return found(today);
  if (text === "yesterday") return found(addDays(today, -1));
  const word = text.replace(/^(last|on)\s+/, "");
  const weekday = named(word, weekdays);
  if (weekday >= 0) {
    const back = (new Date(today + "T00:00:00Z").getUTCDay() - weekday + 7) % 7;
    return { day: addDays(today, -(back === 0 && text.startsWith("last") ? 7 : back)), weekday: true };
  }
  let parts = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  if (parts !== null) return found(makeDay(Number(parts[1]), Number(parts[2]), Number(parts[3])));
  parts = /^(\d{1,2})\.(\d{1,2})\.(\d{4})?$/.exec(text);
  let day, month, year;
  if (parts !== null) {
    [day, month, year] = [Number(parts[1]), Number(parts[2]), parts[3]];
  } else {
    parts = /^(\d{1,2})(?:st|nd|rd|th)?\.?\s+([a-z.]+),?(?:\s+(\d{4}))?$/.exec(text);
    if (parts !== null) {
      [day, month, year] = [Number(parts[1]), named(parts[2] ?? "", months) + 1, parts[3]];
    } else {
      parts = /^([a-z.]+)\s+(\d{1,2})(?:st|nd|rd|th)?,?(?:\s+(\d{4}))?$/.exec(text);
      if (parts === null) return null;
      [day, month, year] = [Number(parts[2]), named(parts[1] ?? "", months) + 1, parts[3]];
    }
  }
  if (month < 1 || month > 12) return null;
  if (year !== undefined) return found(makeDay(Number(year), month, day));
  const thisYear = Number(today.slice(0, 4));
  const near = makeDay(thisYear, month, day);
  return found(near !== null && near <= today ? near : makeDay(thisYear - 1, month, day));
}

/** @type {Record<string, number>} */
const units = { s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };

/**
 * Reads what a person types to go somewhere: "15:20", "tue 15:20", "yesterday 9:00",
 * "2025-11-03 14:00", "3 nov 2025 9am", "2h ago", "now", or RFC 3339. A clock alone is
 * on the day that is looked at, else the last time that clocks showed it; a day alone
 * is its start.
 * @param {string} text
 * @param {Micros} now
 * @param {string} zone
 * @param {string} [day] the one that is looked at
 * @returns {Micros | null} null for what cannot be read
 */
export function parseMoment(text, now, zone, day) {
  const exact = fromISO(text.trim());
  if (!Number.isNaN(exact)) return exact;
  const words = text.trim().toLowerCase().replace(/\s+/g, " ").replace(/(\d)t(\d)/, "$1 $2").replace(/ (at|um) /, " ").replace(/(\d) (am|pm)$/, "$1$2");
  if (words === "now") return now;
  const ago = /^(\d{1,6}) ?(s|m|h|d|w)(?:ec(?:ond)?s?|in(?:ute)?s?|ours?|rs?|ays?|eeks?)?(?: ago)?$/.exec(words);
  if (ago !== null) return now - Number(ago[1]) * (units[ago[2] ?? ""] ?? 0);
  const today = dayOf(now, zone);
  /** @param {string} on @param {{hour: number, minute: number, second: number}} time */
  const make = (on, time) => instant({ ...midnight(on), ...time }, zone);

  const alone = parseClock(words);
  if (alone !== null) {
    if (day !== undefined) return make(day, alone);
    const at = make(today, alone);
    return at <= now ? at : make(addDays(today, -1), alone);
  }
  const whole = parseDay(words, today);
  if (whole !== null) return startOfDay(whole.day, zone);
  const space = words.lastIndexOf(" ");
  if (space < 0) return null;
  // "15:20 tue" is as good as "tue 15:20".
  const first = words.indexOf(" ");
  for (const [dayPart, clockPart] of [[words.slice(0, space), words.slice(space + 1)], [words.slice(first + 1), words.slice(0, first)]]) {
    const time = parseClock(clockPart ?? "");
    const on = parseDay((dayPart ?? "").replace(/,$/, ""), today);
    if (time === null || on === null) continue;
    const at = make(on.day, time);
    return at > now && on.weekday && on.day === today ? make(addDays(on.day, -7), time) : at;
  }
  return null;
}
