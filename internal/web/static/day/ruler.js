// What part of time is shown, where its instants are, and which of them are named.

import { DAY, HOUR, MINUTE, addDays, clock, dayOf, endOfDay, startOfDay, wall } from "../base/time.js";

/** @typedef {{from: Micros, to: Micros}} View */

export const shortest = 15 * MINUTE;
export const longest = 7 * DAY + HOUR; // a week in which clocks were set back

/** @param {View} view */
export const span = (view) => view.to - view.from;

/** Where an instant is, in pixels of a width. @param {View} view @param {number} width @param {Micros} at */
export const place = (view, width, at) => ((at - view.from) / span(view)) * width;

/** The instant at a place, within the view. @param {View} view @param {number} width @param {number} x @returns {Micros} */
export function instantAt(view, width, x) {
  const at = view.from + (Math.min(Math.max(x, 0), width) / width) * span(view);
  return Math.round(Math.min(at, view.to - 1));
}

/**
 * The view that a zoom names: the hour, the day or the week that has at, or so many
 * seconds around it.
 * @param {string} zoom @param {Micros} at @param {string} zone
 * @returns {View}
 */
export function viewOf(zoom, at, zone) {
  const day = dayOf(at, zone);
  if (zoom === "day") return { from: startOfDay(day, zone), to: endOfDay(day, zone) };
  if (zoom === "week") {
    const monday = addDays(day, -((new Date(day + "T00:00:00Z").getUTCDay() + 6) % 7));
    return { from: startOfDay(monday, zone), to: startOfDay(addDays(monday, 7), zone) };
  }
  if (zoom === "hour") {
    const w = wall(at, zone);
    const from = at - (w.minute * 60 + w.second) * 1_000_000 - (((at % 1_000_000) + 1_000_000) % 1_000_000);
    return { from, to: from + HOUR };
  }
  const seconds = Number(zoom);
  const length = Math.min(Math.max(Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000_000 : DAY, shortest), longest);
  return { from: Math.round(at - length / 2), to: Math.round(at + length / 2) };
}

/**
 * The name of a view: what viewOf made it of, as far as its length tells.
 * @param {View} view @param {string} zone
 */
export function zoomOf(view, zone) {
  const length = span(view);
  if (length === HOUR) return "hour";
  for (const zoom of ["day", "week"]) {
    const named = viewOf(zoom, view.from, zone);
    if (named.from === view.from && named.to === view.to) return zoom;
  }
  return String(Math.round(length / 1_000_000));
}

/**
 * The view that is so much longer, in which at stays where it is.
 * @param {View} view @param {number} factor below 1 to look closer @param {Micros} at
 * @returns {View}
 */
export function zoomed(view, factor, at) {
  const length = Math.min(Math.max(span(view) * factor, shortest), longest);
  const share = (at - view.from) / span(view);
  const from = Math.round(at - share * length);
  return { from, to: from + Math.round(length) };
}

/**
 * The view that is so much later, not all of it after latest.
 * @param {View} view @param {Micros} by @param {Micros} latest
 * @returns {View}
 */
export function moved(view, by, latest) {
  const most = latest - view.from - span(view) / 4;
  const shift = Math.round(Math.max(Math.min(by, Math.max(most, 0)), -view.from));
  return { from: view.from + shift, to: view.to + shift };
}

/** What may be between two marks. */
const steps = [MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY];

/**
 * @typedef {{at: Micros, text: string, day: boolean}} Mark day: a day begins there, and text names it
 */

const room = 62; // pixels that a clock needs

/**
 * The marks of a view, in order: by the clocks of the zone, whatever these do.
 * @param {View} view @param {number} width @param {string} zone
 * @returns {Mark[]}
 */
export function marks(view, width, zone) {
  const step = steps.find((length) => (length / span(view)) * width >= room) ?? DAY;
  /** @type {Mark[]} */
  const found = [];
  for (let day = dayOf(view.from, zone); ; day = addDays(day, 1)) {
    const [start, end] = [startOfDay(day, zone), endOfDay(day, zone)];
    if (start >= view.to) break;
    if (start >= view.from) found.push({ at: start, text: dayName(day), day: true });
    if (step === DAY) continue;
    const stride = Math.min(step, HOUR);
    const hours = step / HOUR;
    const first = Math.max(start + stride, start + Math.floor((view.from - start) / stride) * stride);
    for (let at = first; at < Math.min(end, view.to); at += stride) {
      if (at < view.from || (hours > 1 && wall(at, zone).hour % hours !== 0)) continue;
      found.push({ at, text: clock(at, zone, { seconds: false }), day: false });
    }
  }
  return found;
}

const names = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });

/** @param {string} day */
function dayName(day) {
  return names.format(new Date(day + "T00:00:00Z")).replace(",", "");
}
