// The address is the state: the day, the instant, the monitor, the zoom. What it has no
// room for, such as what the timeline shows exactly, is the entry's state.

import { shown } from "./moment.js";
import { dayOf, fromISO, iso } from "../base/time.js";

const settled = 250; // ms

/**
 * @typedef {object} State
 * @property {Micros} at
 * @property {string} device
 * @property {number} monitor
 * @property {string} zoom
 * @property {string} highlight the query whose hits are shown
 */

/**
 * Writes the address of a state.
 * @param {State} state
 * @param {string} zone that days follow
 * @param {string | null} tz the zone that the address names, if it does
 */
export function compose(state, zone, tz) {
  const q = new URLSearchParams();
  if (state.device !== "") q.set("device", state.device);
  q.set("monitor", String(state.monitor));
  if (state.zoom !== "day") q.set("zoom", state.zoom);
  q.set("at", iso(state.at));
  if (state.highlight !== "") q.set("q", state.highlight);
  if (tz !== null && tz !== "") q.set("tz", tz);
  return `/day/${dayOf(state.at, zone)}?${q}`;
}

/**
 * Reads what compose writes.
 * @param {{pathname: string, search: string}} address
 * @returns {State | null} null for the address of another page
 */
export function parse(address) {
  if (!/^\/day\/\d{4}-\d\d-\d\d$/.test(address.pathname)) return null;
  const q = new URLSearchParams(address.search);
  const at = fromISO(q.get("at") ?? "");
  if (Number.isNaN(at)) return null;
  return { at, device: q.get("device") ?? "", monitor: Number(q.get("monitor") ?? 0), zoom: q.get("zoom") ?? "day", highlight: q.get("q") ?? "" };
}

/**
 * Keeps the address, and follows Back and Forward.
 * @param {{moment: import("./moment.js").Moment, scrubber: import("./scrubber.js").Scrubber, viewer: FrameViewer, zone: string}} options
 * @returns {() => void} writes the address now
 */
export function keepAddress({ moment, scrubber, viewer, zone }) {
  const { zoom } = scrubber;
  const tz = new URLSearchParams(location.search).get("tz");
  let timer = 0;
  let moved = false; // the address that somebody came by stays until then
  history.scrollRestoration = "manual";

  const state = () => ({ at: moment.current.at, device: moment.current.device, monitor: moment.current.monitor, zoom: scrubber.zoom, highlight: moment.highlight });
  const entry = () => ({ id: moment.current.capture?.id, view: scrubber.view, frame: viewer.view });

  function write() {
    clearTimeout(timer);
    timer = 0;
    if (moment.current.capture === null) return;
    history.replaceState(entry(), "", compose(state(), zone, tz));
  }
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(write, settled);
  }
  /** @param {any} event */
  function changed({ detail }) {
    if (detail.by === "page" || detail.by === "back") return;
    moved = true;
    if (!detail.jump) {
      soon();
      return;
    }
    clearTimeout(timer);
    history.pushState(entry(), "", compose(state(), zone, tz));
  }

  for (const type of shown) moment.addEventListener(type, changed);
  moment.addEventListener("highlight", () => {
    moved = true;
    soon();
  });
  viewer.addEventListener("zoom", () => {
    if (moved || parse(location) !== null) soon();
  });
  scrubber.addEventListener("view", () => {
    if (moved || scrubber.zoom !== zoom || parse(location) !== null) soon();
  });
  addEventListener("pagehide", () => {
    if (timer !== 0) write();
  });
  addEventListener("popstate", async (event) => {
    clearTimeout(timer);
    timer = 0;
    const to = parse(location);
    if (to === null) {
      location.reload();
      return;
    }
    const { id, view, frame } = event.state ?? {};
    await moment.go(id ? { id } : to, { by: "back", highlight: to.highlight });
    if (frame !== undefined) viewer.show(frame);
    if (view) scrubber.show(view);
    else scrubber.setZoom(to.zoom);
  });
  const { id, view, frame } = history.state ?? {};
  if (id !== undefined && id === moment.current.capture?.id) {
    if (view) scrubber.show(view);
    if (frame) viewer.show(frame);
  }
  return write;
}
