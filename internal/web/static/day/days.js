// The day that is looked at, in the bar, and the recorded days beside it.

import { get, set } from "../base/dom.js";
import { getJSON, query } from "../base/api.js";
import { DAY, addDays, dateText, dayOf, endOfDay, fromISO, iso, startOfDay } from "../base/time.js";
import { shown } from "./moment.js";

/**
 * @param {{moment: import("./moment.js").Moment, timeline: import("./data.js").Timeline, data: PageData}} options
 * @returns {{go: (direction: 1 | -1) => Promise<void>}}
 */
export function mountDays({ moment, timeline, data }) {
  const { zone } = data;
  const links = { "-1": get("a[rel=prev]"), 1: get("a[rel=next]") };
  let day = data.day;
  /** @type {Promise<void>} */
  let looking = Promise.resolve();
  /** @type {Record<string, string | null>} the recorded days beside it */
  let beside = { "-1": data.previous, 1: data.next };
  let abort = new AbortController();

  async function look() {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const shown = day;
    /** @param {object} range @returns {Promise<string | null>} */
    const find = async (range) => {
      const { items } = await getJSON("/api/captures" + query({ ...range, limit: 1 }), { signal, priority: "low" });
      return items?.[0] ? dayOf(fromISO(items[0].timestamp), zone) : null;
    };
    const [before, after] = await Promise.all([
      find({ to: iso(startOfDay(shown, zone)), order: "newest" }),
      find({ from: iso(endOfDay(shown, zone)), order: "oldest" }),
    ]);
    if (signal.aborted) return;
    beside = { "-1": before, 1: after };
    draw();
  }

  function draw() {
    const name = get(".bar .day-name");
    const text = dateText(startOfDay(day, zone), zone);
    get("time", name).textContent = text;
    set(get("time", name), { datetime: day });
    set(name, { href: `/day/${day}` });
    for (const [direction, link] of Object.entries(links)) {
      const to = beside[direction];
      set(link, to
        ? { href: `/day/${to}`, title: dateText(startOfDay(to, zone), zone), role: null, "aria-disabled": null, "aria-label": `${direction === "1" ? "The next day that has captures" : "The day before that has captures"}: ${dateText(startOfDay(to, zone), zone)}` }
        : { href: null, title: null, role: "link", "aria-disabled": "true", "aria-label": direction === "1" ? "There is no day after" : "There is no day before" });
    }
  }

  /** @param {1 | -1} direction */
  async function go(direction) {
    await looking;
    const to = beside[direction];
    if (!to) return;
    // The same time of that day.
    const [start, end] = [startOfDay(to, zone), endOfDay(to, zone)];
    const at = Math.min(start + (moment.current.at - startOfDay(dayOf(moment.current.at, zone), zone)), end - 1);
    void arrive(at, start, end);
  }

  /** @param {Micros} at @param {Micros} start @param {Micros} end */
  async function arrive(at, start, end) {
    const { device, monitor } = moment.current;
    const here = await moment.chapters.nearest(device, monitor, at).catch(() => null);
    const taken = here === null ? 0 : fromISO(here.timestamp);
    if (here !== null && taken >= start && taken < end) {
      void moment.go({ capture: here }, { jump: true });
      return;
    }
    // That day is of another monitor.
    const answer = await getJSON("/api/captures" + query({ from: iso(start), to: iso(end), order: "oldest", limit: 1 })).catch(() => null);
    const capture = answer?.items?.[0];
    if (capture) void moment.go({ capture }, { jump: true });
  }

  for (const [direction, link] of Object.entries(links)) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0) return;
      event.preventDefault();
      void go(direction === "1" ? 1 : -1);
    });
  }
  for (const type of shown) moment.addEventListener(type, follow);
  function follow() {
    const now = dayOf(moment.current.at, zone);
    if (now === day) return;
    const old = day;
    day = now;
    beside = old === addDays(now, -1) ? { "-1": old, 1: null } : old === addDays(now, 1) ? { "-1": null, 1: old } : { "-1": null, 1: null };
    draw();
    looking = look().catch(() => {});
    void timeline.extend(startOfDay(now, zone), Math.min(endOfDay(now, zone), startOfDay(now, zone) + 2 * DAY)).catch(() => {});
  }
  return { go };
}
