// A lane: what a device, or one of its monitors, showed over time, as spans, and as
// cells of at least two pixels.

import { MINUTE } from "../base/time.js";
import { Hole, MIXED, OTHER } from "./data.js";

/**
 * @typedef {"app" | "line" | "hole"} Kind line: the screen of the app before did not change
 * @typedef {{from: Micros, to: Micros, kind: Kind, app: string, state: number}} Span
 * @typedef {object} Cell
 * @property {number} x
 * @property {number} width
 * @property {Micros} from
 * @property {Micros} to
 * @property {Kind | "mixed"} kind
 * @property {string} app
 * @property {number} state
 * @property {Span[]} spans what it is made of
 */

export const least = 2; // pixels of a cell
const brief = 5 * MINUTE; // until then, a monitor may have its first capture later than its device

/**
 * The spans of some monitors of one device in [from, to), in order, without a hole
 * between them: where two monitors have captures, the one with more counts.
 * @param {import("./data.js").Timeline} timeline
 * @param {string} device @param {number[]} monitors @param {Micros} from @param {Micros} to
 * @returns {Span[]}
 */
export function spansOf(timeline, device, monitors, from, to) {
  const start = Math.floor(from / MINUTE) * MINUTE;
  const length = Math.ceil((to - start) / MINUTE);
  const counts = new Uint8Array(length);
  /** @type {string[]} */
  const apps = new Array(length).fill("");
  for (const monitor of monitors) {
    timeline.stretches(device, monitor, start, to, (begin, minutes, appOf) => {
      const first = Math.round((begin - start) / MINUTE);
      for (let i = 0; i * 3 + 2 < minutes.length; i++) {
        const count = minutes[i * 3] ?? 0;
        if (count <= (counts[first + i] ?? 0)) continue;
        counts[first + i] = count;
        apps[first + i] = appOf(minutes[i * 3 + 1] ?? 0);
      }
    });
  }
  /** @type {Span[]} */
  const spans = [];
  for (let i = 0; i < length; i++) {
    const at = start + i * MINUTE;
    const shown = (counts[i] ?? 0) > 0;
    add(spans, { from: at, to: at + MINUTE, kind: shown ? "app" : "line", app: shown ? (apps[i] ?? "") : "", state: 0 });
  }
  const holes = timeline.holes(device, start, to);
  for (const [unknownFrom, unknownTo] of timeline.unknown(start, to)) holes.push({ device, from: unknownFrom, to: unknownTo, state: Hole.LOADING });
  const end = Math.max(timeline.now, start);
  const known = holes.at(-1)?.to ?? 0;
  if (to > end && known < to) holes.push({ device, from: Math.max(end, known), to, state: Hole.FUTURE });
  holes.sort((a, b) => a.from - b.from);
  return continued(overlay(spans, holes));
}

/** @param {Span[]} spans @param {Span} next joined with the last where it is the same */
function add(spans, next) {
  const last = spans.at(-1);
  if (last !== undefined && last.to === next.from && last.kind === next.kind && last.app === next.app && last.state === next.state) last.to = next.to;
  else if (next.to > next.from) spans.push(next);
}

/**
 * Puts holes over spans: they are exact, where spans are whole minutes. A minute that
 * has captures and a hole shows the captures up to the hole.
 * @param {Span[]} spans @param {{from: Micros, to: Micros, state: number}[]} holes
 * @returns {Span[]}
 */
function overlay(spans, holes) {
  /** @type {Span[]} */
  const laid = [];
  let next = 0;
  for (const span of spans) {
    let at = span.from;
    while (at < span.to) {
      while (next < holes.length && (holes[next]?.to ?? 0) <= at) next++;
      const hole = holes[next];
      if (hole === undefined || hole.from >= span.to) {
        add(laid, { ...span, from: at });
        break;
      }
      if (hole.from > at) add(laid, { ...span, from: at, to: hole.from });
      const end = Math.min(hole.to, span.to);
      const still = hole.state === Hole.UNCHANGED || hole.state === Hole.NONE;
      add(laid, { from: Math.max(at, hole.from), to: end, kind: still ? "line" : "hole", app: "", state: hole.state });
      at = end;
    }
  }
  return laid;
}

/** Gives lines the app that they continue. @param {Span[]} spans @returns {Span[]} */
function continued(spans) {
  /** @type {Span[]} */
  const named = [];
  let app = "";
  let seen = false;
  for (const span of spans) {
    if (span.kind === "app") {
      app = span.app;
      seen = true;
    } else if (span.kind === "hole") {
      seen = false;
      app = "";
    }
    // Nothing was ever seen there: it is not unchanged, whatever is missing in between.
    const nobody = !seen && span.state === Hole.NONE && span.to - span.from > brief;
    if (span.kind !== "line") add(named, span);
    else if (nobody) add(named, { ...span, kind: "hole", state: Hole.UNKNOWN });
    else add(named, { ...span, app, state: Hole.UNCHANGED });
  }
  return named;
}

/**
 * The cells of spans: each at least two pixels wide; what is narrower is merged with
 * its neighbours that are, into a mixed cell.
 * @param {Span[]} spans @param {{from: Micros, to: Micros}} view @param {number} width
 * @returns {Cell[]}
 */
export function cellsOf(spans, view, width) {
  const scale = width / (view.to - view.from);
  /** @type {Cell[]} */
  const cells = [];
  /** @type {Span[]} */
  let small = [];
  let edge = 0; // where the last cell ends

  const flush = () => {
    const [first, last] = [small[0], small.at(-1)];
    if (first === undefined || last === undefined) return;
    const x = Math.max(edge, (first.from - view.from) * scale);
    edge = Math.min(width, Math.max((last.to - view.from) * scale, x + least));
    if (edge > x) cells.push({ x, width: edge - x, from: first.from, to: last.to, ...contents(small), spans: small });
    small = [];
  };

  for (const whole of spans) {
    if (whole.to <= view.from || whole.from >= view.to) continue;
    const span = { ...whole, from: Math.max(whole.from, view.from), to: Math.min(whole.to, view.to) };
    const right = (span.to - view.from) * scale;
    if ((span.to - span.from) * scale < least) {
      small.push(span);
      if (right - Math.max(edge, ((small[0]?.from ?? 0) - view.from) * scale) >= least) flush();
      continue;
    }
    flush();
    const x = Math.max(edge, (span.from - view.from) * scale);
    if (right - x < 0.5) continue;
    edge = right;
    cells.push({ x, width: right - x, from: span.from, to: span.to, kind: span.kind, app: span.app, state: span.state, spans: [whole] });
  }
  flush();
  return cells;
}

/** @param {Span[]} spans */
function contents(spans) {
  const [first] = spans;
  const same = spans.every((span) => span.app === first?.app && (span.kind === "hole") === (first?.kind === "hole") && (span.kind !== "hole" || span.state === first?.state));
  if (same && first !== undefined) {
    const kind = spans.some((span) => span.kind === "app") ? /** @type {Kind} */ ("app") : first.kind;
    return { kind, app: first.app, state: first.state };
  }
  const [most] = shares(spans);
  return { kind: /** @type {"mixed"} */ ("mixed"), app: most?.app ?? "", state: most?.state ?? 0 };
}

/**
 * What spans are made of, the longest first: an app and the unchanged screen after it
 * are one.
 * @param {Span[]} spans
 * @returns {{app: string, state: number, length: Micros}[]} state is 0 for an app
 */
export function shares(spans) {
  /** @type {Map<string, {app: string, state: number, length: Micros}>} */
  const all = new Map();
  for (const span of spans) {
    const state = span.kind === "hole" ? span.state : 0;
    const key = state + "\n" + span.app;
    const share = all.get(key) ?? { app: span.app, state, length: 0 };
    share.length += span.to - span.from;
    all.set(key, share);
  }
  return [...all.values()].sort((a, b) => b.length - a.length);
}

/** The cell at a place, or null. @param {Cell[]} cells @param {number} x @returns {Cell | null} */
export function cellAt(cells, x) {
  let low = 0;
  let high = cells.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cells[middle]?.x ?? 0) <= x) low = middle + 1;
    else high = middle;
  }
  const cell = cells[low - 1];
  return cell !== undefined && x < cell.x + cell.width ? cell : null;
}

/**
 * How many captures a minute has in each of so many columns, all monitors together.
 * @param {import("./data.js").Timeline} timeline
 * @param {import("./data.js").LaneName[]} lanes @param {{from: Micros, to: Micros}} view @param {number} columns
 * @returns {Float32Array}
 */
export function densityOf(timeline, lanes, view, columns) {
  const start = Math.floor(view.from / MINUTE) * MINUTE;
  const length = Math.ceil((view.to - start) / MINUTE);
  const sums = new Float64Array(length + 1); // of all minutes before
  for (const { device, monitor } of lanes) {
    timeline.stretches(device, monitor, start, view.to, (begin, minutes) => {
      const first = Math.round((begin - start) / MINUTE);
      for (let i = 0; i * 3 < minutes.length; i++) sums[first + i + 1] = (sums[first + i + 1] ?? 0) + (minutes[i * 3] ?? 0);
    });
  }
  for (let i = 0; i < length; i++) sums[i + 1] = (sums[i + 1] ?? 0) + (sums[i] ?? 0);
  /** @param {number} minute with its fraction */
  const until = (minute) => {
    const whole = Math.min(Math.max(Math.floor(minute), 0), length);
    const [a, b] = [sums[whole] ?? 0, sums[Math.min(whole + 1, length)] ?? 0];
    return a + (b - a) * Math.max(minute - whole, 0);
  };
  const column = (view.to - view.from) / columns / MINUTE;
  const offset = (view.from - start) / MINUTE;
  const density = new Float32Array(columns);
  for (let i = 0; i < columns; i++) density[i] = (until(offset + (i + 1) * column) - until(offset + i * column)) / column;
  return density;
}

/** What an app is called. @param {string} app */
export function appText(app) {
  if (app === MIXED) return "several apps";
  if (app === OTHER) return "another app";
  return app === "" ? "unnamed app" : app;
}
