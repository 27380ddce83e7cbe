// The scrubber: all of a time at once, and the playhead in it. Rows are drawn on a
// canvas when they change; the playhead is an element over it.

import { DAY, MINUTE, clock, dayOf, duration } from "../base/time.js";
import { get, h } from "../base/dom.js";
import { Colours, forget } from "./colours.js";
import { Painter, themeOf } from "./draw.js";
import { Details } from "./details.js";
import { reasonOf } from "./gaps.js";
import { bindGestures } from "./gestures.js";
import { appText, cellAt, cellsOf, densityOf, spansOf } from "./lanes.js";
import { Preview } from "./preview.js";
import { instantAt, marks, moved, place, span, viewOf, zoomOf, zoomed } from "./ruler.js";
import { Side } from "./side.js";

/**
 * @typedef {import("./ruler.js").View} View
 * @typedef {import("./draw.js").Row} Row
 * @typedef {{timeline: import("./data.js").Timeline, moment: any, zone: string, zoom?: string, own?: boolean}} Options
 */

const rulerHeight = 22;
const densityHeight = 24;
const gap = 2; // between lanes
const leastLane = 12;
const mostLane = 24;
const page = 15 * MINUTE;
const rest = 180; // milliseconds after which what is shown counts as settled
const idle = 600;

/**
 * Mounts the scrubber in its element. It moves the playhead through moment only:
 * moment.scrub(at) while it is held, moment.settle() when it is let go, moment.go to jump.
 * @param {HTMLElement} element #scrubber
 * @param {Options} options
 * @returns {Scrubber}
 */
export function mountScrubber(element, options) {
  return new Scrubber(element, options);
}

/**
 * A mounted scrubber. It fires "view" {from, to, zoom} when what it shows came to rest,
 * and "range" {from, to}, or null, when a range was selected or let go.
 */
export class Scrubber extends EventTarget {
  /** What is shown. @type {View} */
  view;
  /** What is selected. @type {View | null} */
  range = null;

  #element;
  #area;
  #timeline;
  #moment;
  #zone;
  #canvas = h("canvas", { "aria-hidden": "true" });
  #playhead = h("div", { class: "playhead", hidden: true });
  #pointer = h("div", { class: "pointer", hidden: true });
  #selected = h("div", { class: "selected", hidden: true }, h("span"));
  #back;
  /** @type {Colours} */
  #colours;
  #side;
  #preview;
  #details;
  #gestures;
  /** @type {Painter | null} */
  #painter = null;
  /** @type {Row[]} */
  #rows = [];
  /** @type {Set<string>} devices whose monitors have a lane each */
  #open = new Set();
  /** @type {Map<string, {from: Micros, to: Micros, spans: import("./lanes.js").Span[]}>} */
  #spans = new Map();
  #width = 0;
  #height = 0;
  #frame = 0;
  #stale = true; // what is drawn
  #at = 0;
  #device = "";
  #monitor = 0;
  /** @type {Micros | null} where the playhead was when it was taken */
  #held = null;
  /** Whether what was clicked stays in view, however far the nearest capture is. */
  #staying = false;
  /** @type {{x: number, y: number} | null} */
  #hovered = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resting;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #idling;
  #told = "";

  /** @param {HTMLElement} element @param {Options} options */
  constructor(element, { timeline, moment, zone, zoom, own = false }) {
    super();
    // The names of apps outlive a visit only on the person's own computer.
    const local = storage("localStorage");
    if (!own) forget(local);
    this.#colours = new Colours(own ? local : undefined, storage("sessionStorage"));
    this.#element = element;
    this.#area = /** @type {HTMLElement} */ (element.parentElement);
    this.#timeline = timeline;
    this.#moment = moment;
    this.#zone = zone;
    this.#read();
    this.view = viewOf(zoom ?? "day", this.#at, zone);
    this.#back = h("button", { type: "button", class: "button scrubber-back", hidden: true, onclick: () => this.follow(true) });
    element.replaceChildren(this.#canvas, this.#selected, this.#pointer, this.#playhead);
    this.#side = new Side(this.#area, element, {
      pan: (direction) => this.#rested(() => this.pan(direction * span(this.view) * 0.5)),
      zoom: (factor) => this.#rested(() => this.zoomBy(factor)),
      gaps: (x) => this.#toggle("list", () => this.#listGaps(x)),
      colours: (x) => this.#toggle("colours", () => this.#details.colours(this.#colours, timeline.apps, x)),
      toggle: (device) => this.#toggleLanes(device),
      choose: (device, monitor) => this.#jump(this.#at, device, monitor),
    });
    this.#area.append(this.#back);
    this.#preview = new Preview(this.#area, timeline, zone);
    this.#details = new Details(get("#gap"), this.#area, zone);
    this.#gestures = bindGestures(element, this.#host());
    this.#colours.use(timeline.apps);
    this.#listen();
    this.#measure();
    this.#settle();
  }

  /** What is shown, by name: "hour", "day", "week", or how many seconds. */
  get zoom() {
    return zoomOf(this.view, this.#zone);
  }

  /**
   * Shows the hour, the day or the week of an instant, or so many seconds around it.
   * @param {string} zoom @param {Micros} [at] the playhead where not given
   */
  setZoom(zoom, at = this.#at) {
    this.#rested(() => this.show(viewOf(zoom, at, this.#zone)));
  }

  /** @param {number} factor below 1 to look closer @param {Micros} [at] stays where it is */
  zoomBy(factor, at) {
    const inside = this.#at >= this.view.from && this.#at < this.view.to;
    this.show(zoomed(this.view, factor, at ?? (inside ? this.#at : (this.view.from + this.view.to) / 2)));
  }

  /** @param {Micros} by */
  pan(by) {
    this.show(moved(this.view, by, this.#timeline.now));
  }

  /**
   * Shows a view, or [from, to).
   * @param {View | Micros} view @param {Micros} [end]
   */
  show(view, end) {
    const { from, to } = typeof view === "number" ? { from: view, to: end ?? view + span(this.view) } : view;
    if (from === this.view.from && to === this.view.to) return;
    this.view = { from, to };
    this.#change();
    this.#settle();
  }

  /**
   * Shows the playhead, where it is not in view.
   * @param {boolean} [always] in the middle, even so
   */
  follow(always = false) {
    const { from, to } = this.view;
    if (this.#at >= from && this.#at < to && !always) return;
    const zoom = this.zoom;
    if (zoom === "hour" || zoom === "day" || zoom === "week") this.show(viewOf(zoom, this.#at, this.#zone));
    else this.show(Math.round(this.#at - (to - from) / 2), Math.round(this.#at + (to - from) / 2));
  }

  /** Where an instant is, in pixels of the window. @param {Micros} at */
  x(at) {
    return this.#element.getBoundingClientRect().left + place(this.view, this.#width, at);
  }

  /**
   * Where the middle of a lane is, in pixels of the window; NaN where it is not shown.
   * @param {string} device @param {number} [monitor]
   */
  y(device, monitor) {
    const row = this.#rows.find((row) => row.device === device && (monitor === undefined || row.monitors.includes(monitor)));
    return row === undefined ? NaN : this.#element.getBoundingClientRect().top + row.y + row.height / 2;
  }

  /** The instant at a place of the window. @param {number} x @returns {Micros} */
  at(x) {
    return instantAt(this.view, this.#width, x - this.#element.getBoundingClientRect().left);
  }

  /** @param {View | null} range */
  select(range) {
    const known = JSON.stringify(this.range);
    this.range = range;
    this.#schedule();
    if (JSON.stringify(range) !== known) this.dispatchEvent(new CustomEvent("range", { detail: range }));
  }

  clearRange() {
    this.select(null);
  }

  /** Lets go of one thing: a held playhead, what is open, what is selected. Whether there was one. */
  escape() {
    if (this.#gestures.escape()) return true;
    if (this.#details.open) {
      this.#details.close();
      return true;
    }
    if (this.range === null) return false;
    this.clearRange();
    return true;
  }

  /** Says why there is nothing at the playhead, or what is there: as a click on its place does. */
  explain() {
    const row = this.#rows.find((row) => row.current);
    if (row === undefined) return;
    const x = place(this.view, this.#width, this.#at);
    const cell = cellAt(row.cells, x);
    if (cell === null) return;
    this.#tell(cell, row.device, this.#at, x, true);
  }

  #listen() {
    const timeline = this.#timeline;
    timeline.addEventListener("update", () => {
      this.#spans.clear();
      this.#colours.use(timeline.apps);
      this.#change();
    });
    this.#colours.addEventListener("change", () => this.#change());
    for (const type of ["change", "broken", "scrubend"]) {
      this.#moment.addEventListener(type, () => {
        if (this.#held !== null) return;
        this.#read();
        if (!this.#staying) this.follow();
        this.#staying = false;
        this.#schedule();
        this.#warm();
      });
    }
    this.#moment.addEventListener("scrub", (/** @type {CustomEvent} */ event) => {
      if (typeof event.detail?.at === "number") this.#at = event.detail.at;
      if (this.#held === null) this.follow();
      this.#schedule();
    });
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => this.setZoom(button.getAttribute("data-zoom") ?? "day"));
    }
    new ResizeObserver(() => this.#measure()).observe(this.#element);
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"]) {
      matchMedia(query).addEventListener("change", () => this.#measure());
    }
    this.#watchRatio();
    this.#element.addEventListener("keydown", (event) => this.#key(event));
  }

  /** A window that moves to another screen has other pixels. */
  #watchRatio() {
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", () => {
      this.#measure();
      this.#watchRatio();
    }, { once: true });
  }

  /** Takes the playhead from the moment. */
  #read() {
    const { at, device, monitor } = this.#moment.current;
    this.#at = at;
    const other = device !== this.#device || monitor !== this.#monitor;
    this.#device = device;
    this.#monitor = monitor;
    if (other) this.#change();
  }

  /** @returns {import("./gestures.js").Host} */
  #host() {
    return {
      scrub: (x) => {
        if (this.#held === null) this.#held = this.#at;
        this.#details.close();
        this.#at = instantAt(this.view, this.#width, x);
        this.#moment.scrub(this.#at);
        const row = this.#rows.find((row) => row.current);
        this.#preview.show({ ...this.#around(), x, at: this.#at, device: this.#device, monitor: this.#monitor, cell: row === undefined ? null : cellAt(row.cells, x), bare: true });
        // A gesture comes once for each frame of the screen: it is drawn in the same one.
        cancelAnimationFrame(this.#frame);
        this.#draw();
      },
      drop: (x) => {
        this.#preview.hide();
        this.#at = instantAt(this.view, this.#width, x);
        this.#held = null;
        this.#moment.scrub(this.#at);
        this.#moment.settle();
        this.#settle();
        this.#schedule();
      },
      cancel: () => {
        this.#preview.hide();
        const at = this.#held;
        this.#held = null;
        if (at === null) return this.clearRange();
        this.#at = at;
        this.#moment.cancelScrub();
        this.follow();
        this.#schedule();
      },
      click: (x, y, touch) => this.#click(x, y, touch),
      select: (x0, x1, done) => {
        const [a, b] = [instantAt(this.view, this.#width, Math.min(x0, x1)), instantAt(this.view, this.#width, Math.max(x0, x1))];
        this.#selecting({ from: a, to: b }, done);
      },
      selectTo: (x) => {
        const at = instantAt(this.view, this.#width, x);
        this.#selecting({ from: Math.min(at, this.#at), to: Math.max(at, this.#at) }, true);
      },
      pan: (pixels) => this.pan((pixels / this.#width) * span(this.view)),
      zoom: (factor, x) => this.zoomBy(factor, instantAt(this.view, this.#width, x)),
      rest: () => this.#settle(),
      hover: (x, y) => {
        this.#hovered = { x, y };
        this.#schedule();
      },
      leave: () => {
        this.#hovered = null;
        this.#preview.hide();
        this.#schedule();
      },
    };
  }

  /** @param {View} range @param {boolean} done */
  #selecting(range, done) {
    if (done) return this.select(range.to > range.from ? range : null);
    this.range = range;
    this.#schedule();
  }

  /** @param {number} x @param {number} y @param {boolean} touch */
  #click(x, y, touch) {
    const at = instantAt(this.view, this.#width, x);
    const row = this.#rows.find((row) => y >= row.y && y < row.y + row.height + gap) ?? this.#rows.find((row) => row.current);
    this.#details.close();
    this.#preview.hide();
    this.#staying = true;
    const cell = row === undefined ? null : cellAt(row.cells, x);
    this.#jump(at, row?.device ?? this.#device, row?.monitors.length === 1 ? (row.monitors[0] ?? null) : null);
    if (cell !== null && row !== undefined && (cell.kind === "hole" || (cell.kind === "mixed" && touch))) this.#tell(cell, row.device, at, x, false);
  }

  /** @param {import("./lanes.js").Cell} cell @param {string} device @param {Micros} at @param {number} x @param {boolean} focus */
  #tell(cell, device, at, x, focus) {
    const left = this.#element.offsetLeft + x;
    const known = this.#timeline.holeAt(device, at);
    if (cell.kind === "hole") {
      const hole = known !== null && known.state === cell.state ? known : { device, from: cell.spans[0]?.from ?? cell.from, to: cell.spans.at(-1)?.to ?? cell.to, state: cell.state };
      this.#details.hole(hole, left, { focus });
    } else {
      this.#details.cell(cell, device, left, focus);
    }
  }

  /** @param {Micros} at @param {string} device @param {number | null} monitor null for the one that has most there */
  #jump(at, device, monitor) {
    const known = this.#timeline.lanes.filter((lane) => lane.device === device).map((lane) => lane.monitor);
    const same = device === this.#device && known.includes(this.#monitor);
    const busiest = [...known].sort((a, b) => this.#timeline.minute(device, b, at).count - this.#timeline.minute(device, a, at).count)[0];
    void this.#moment.go({ at, device, monitor: monitor ?? (same ? this.#monitor : (busiest ?? 0)) }, { jump: true });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.#element) return;
    const run = {
      PageUp: () => this.#turn(-page, event.shiftKey),
      PageDown: () => this.#turn(page, event.shiftKey),
      Home: () => void this.#toBound("first"),
      End: () => void this.#toBound("last"),
      Enter: () => this.explain(),
      "+": () => this.#rested(() => this.zoomBy(0.5)),
      "-": () => this.#rested(() => this.zoomBy(2)),
    }[event.key];
    if (event.key === "Escape" ? this.escape() : run !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      run?.();
    }
  }

  /** @param {Micros} by @param {boolean} selects */
  #turn(by, selects) {
    const from = this.#at;
    const at = Math.min(from + by, this.#timeline.now);
    if (selects) {
      const anchor = this.range === null ? from : this.range.from === from ? this.range.to : this.range.from;
      this.select({ from: Math.min(anchor, at), to: Math.max(anchor, at) });
    }
    this.#at = at;
    void this.#moment.go({ at, device: this.#device, monitor: this.#monitor });
  }

  /** @param {"first" | "last"} which capture of the day */
  async #toBound(which) {
    const bounds = await this.#timeline.bounds(this.#device, this.#monitor, this.#at);
    // An index cuts its times to the millisecond.
    if (bounds !== null) void this.#moment.go({ at: bounds[which].at + 999, device: this.#device, monitor: this.#monitor }, { jump: true });
  }

  /** @param {string} device */
  #toggleLanes(device) {
    if (!this.#open.delete(device)) this.#open.add(device);
    this.#change();
  }

  /** @param {string} kind @param {() => void} open */
  #toggle(kind, open) {
    if (this.#details.kind === kind) this.#details.close();
    else open();
  }

  /** @param {number} x */
  #listGaps(x) {
    const { from, to } = this.view;
    const holes = this.#timeline.devices.flatMap((device) => this.#timeline.holes(device, from, Math.min(to, this.#timeline.now))).filter((hole) => reasonOf(hole.state).key !== "unchanged");
    this.#details.list(holes, x, (hole) => {
      this.#jump(Math.max(hole.from, from), hole.device, null);
      this.#details.hole(hole, x, { focus: true, back: () => this.#listGaps(x) });
    });
  }

  /** @param {() => void} change after which what is shown rests at once */
  #rested(change) {
    this.#details.close();
    change();
    this.#settle(0);
  }

  /** Tells what is shown once it rests, and fetches what is missing of it. */
  #settle(after = rest) {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      const { from, to } = this.view;
      this.#timeline.extend(from - span(this.view) / 4, to + span(this.view) / 4).catch(() => {}); // The page says that the server is away.
      const zoom = this.zoom;
      for (const button of document.querySelectorAll("[data-zoom]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-zoom") === zoom));
      this.dispatchEvent(new CustomEvent("view", { detail: { from, to, zoom } }));
      this.#warm();
    }, after);
  }

  /** Sends for the small pictures around the playhead, when all is quiet. */
  #warm() {
    clearTimeout(this.#idling);
    this.#idling = setTimeout(() => {
      if (this.#held !== null || document.hidden || this.#device === "") return;
      this.#timeline.prefetch(this.#device, this.#monitor, this.#at, span(this.view)).catch(() => {}); // They are fetched when they are looked at.
    }, idle);
  }

  /** What is drawn is no longer so. */
  #change() {
    this.#stale = true;
    this.#schedule();
  }

  #schedule() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #measure() {
    this.#width = this.#element.clientWidth;
    this.#height = this.#element.clientHeight;
    const ratio = devicePixelRatio;
    this.#canvas.width = Math.max(1, Math.round(this.#width * ratio));
    this.#canvas.height = Math.max(1, Math.round(this.#height * ratio));
    const canvas = this.#canvas.getContext("2d", { alpha: false });
    this.#painter = canvas === null ? null : new Painter(canvas, themeOf(this.#element), ratio, (app) => this.#colours.slot(app));
    this.#change();
  }

  #draw() {
    this.#frame = 0;
    if (this.#width === 0) return;
    if (this.#stale) {
      this.#stale = false;
      this.#layOut();
      this.#painter?.draw({
        width: this.#width, height: this.#height, ruler: rulerHeight, density: densityHeight, view: this.view,
        marks: marks(this.view, this.#width, this.#zone),
        counts: densityOf(this.#timeline, this.#timeline.lanes, this.view, Math.max(1, Math.round(this.#width))),
        rows: this.#rows,
      });
    }
    this.#place();
    this.#tellValue();
    this.#hover();
  }

  /** Decides which lanes there are, and where. */
  #layOut() {
    const one = matchMedia("(max-width: 640px)").matches;
    const devices = this.#timeline.devices;
    const shown = one ? devices.filter((device) => device === this.#device).concat(devices).slice(0, 1) : devices;
    /** @type {import("./side.js").Label[]} */
    const labels = [];
    for (const device of shown) {
      const monitors = this.#timeline.lanes.filter((lane) => lane.device === device).map((lane) => lane.monitor);
      const open = monitors.length > 1 && this.#open.has(device);
      const groups = open ? monitors.map((monitor) => [monitor]) : [monitors];
      groups.forEach((group, i) => labels.push({ device, monitors: group, y: 0, height: 0, open, first: i === 0, several: monitors.length > 1, current: device === this.#device && (!open || group.includes(this.#monitor)) }));
    }
    const top = rulerHeight + densityHeight;
    const wanted = top + labels.length * (leastLane + gap) + gap;
    const style = this.#element.style;
    const higher = wanted > this.#height || style.height !== "" ? `max(var(--scrubber), ${wanted}px)` : "";
    if (style.height !== higher) style.height = higher; // It is measured again then.
    const height = Math.min(Math.max(Math.floor((this.#height - top) / Math.max(labels.length, 1)) - gap, leastLane), mostLane * (one ? 2 : 1.5));
    labels.forEach((label, i) => {
      label.y = top + i * (height + gap);
      label.height = height;
    });
    const unnamed = labels.length > 1 && matchMedia("(max-width: 900px), (pointer: coarse)").matches;
    this.#rows = labels.map(({ device, monitors, y, height, current, open }) => ({ device, monitors, y, height, current, name: unnamed ? (open ? `${device} · ${(monitors[0] ?? 0) + 1}` : device) : "", cells: cellsOf(this.#spansOf(device, monitors), this.view, this.#width) }));
    this.#side.show(labels, devices, this.#device);
  }

  /** @param {string} device @param {number[]} monitors */
  #spansOf(device, monitors) {
    const { from, to } = this.view;
    const key = monitors.join(",") + "\n" + device;
    let known = this.#spans.get(key);
    if (known === undefined || known.from > from || known.to < to) {
      const around = Math.min(span(this.view) / 2, DAY);
      const start = Math.max(0, from - around);
      known = { from: start, to: to + around, spans: spansOf(this.#timeline, device, monitors, start, to + around) };
      this.#spans.set(key, known);
    }
    return known.spans;
  }

  /** Moves the playhead and the selection to where they are now. */
  #place() {
    const x = place(this.view, this.#width, this.#at);
    const inside = x >= 0 && x < this.#width && this.#device !== "";
    this.#playhead.hidden = !inside;
    if (inside) this.#playhead.style.transform = `translateX(${Math.round(x * devicePixelRatio) / devicePixelRatio}px)`;
    this.#back.hidden = inside || this.#device === "";
    if (!inside) {
      this.#back.dataset["side"] = x < 0 ? "before" : "after";
      this.#back.textContent = `${x < 0 ? "‹ " : ""}Back to ${clock(this.#at, this.#zone, { seconds: false })}${x < 0 ? "" : " ›"}`;
    }
    this.#selected.hidden = this.range === null;
    if (this.range !== null) {
      const left = Math.max(place(this.view, this.#width, this.range.from), -2);
      const right = Math.min(place(this.view, this.#width, this.range.to), this.#width + 2);
      this.#selected.hidden = right <= left;
      this.#selected.style.transform = `translateX(${left}px)`;
      this.#selected.style.width = `${Math.max(right - left, 0)}px`;
      const label = /** @type {HTMLElement} */ (this.#selected.firstElementChild);
      label.textContent = duration(this.range.to - this.range.from);
    }
  }

  /** Speaks time, app and gap. */
  #tellValue() {
    const { timeline, device, monitor, at } = { timeline: this.#timeline, device: this.#device, monitor: this.#monitor, at: this.#at };
    const element = this.#element;
    const { capture } = this.#moment.current;
    const settled = this.#held === null && this.#moment.current.at === at;
    const hole = timeline.holeAt(device, at);
    const minute = timeline.minute(device, monitor, at);
    const app = settled && capture ? capture.app_name : minute.count > 0 ? minute.app : "";
    const words = [clock(at, this.#zone)];
    if (app !== "") words.push(appText(app));
    if (hole !== null) words.push(`${reasonOf(hole.state).words} from ${clock(hole.from, this.#zone, { seconds: false })} to ${clock(hole.to, this.#zone, { seconds: false })}`);
    words.push(device);
    const text = words.join(", ");
    if (text === this.#told) return;
    this.#told = text;
    const day = viewOf("day", at, this.#zone);
    element.setAttribute("aria-valuemin", String(Math.floor(Math.min(day.from, this.view.from) / 1e6)));
    element.setAttribute("aria-valuemax", String(Math.floor(Math.max(day.to, this.view.to) / 1e6)));
    element.setAttribute("aria-valuenow", String(Math.floor(at / 1e6)));
    element.setAttribute("aria-valuetext", text);
  }

  #around() {
    return { width: this.#width, left: this.#element.offsetLeft, span: span(this.view), date: dayOf(this.view.from, this.#zone) !== dayOf(this.view.to - 1, this.#zone) };
  }

  /** Shows what is under a pointer that is not pressed. */
  #hover() {
    const hovered = this.#hovered;
    this.#pointer.hidden = hovered === null;
    if (hovered === null || this.#gestures.held()) return;
    const { x, y } = hovered;
    this.#pointer.style.transform = `translateX(${Math.round(x)}px)`;
    if (this.#details.open) return this.#preview.hide();
    const row = this.#rows.find((row) => y >= row.y && y < row.y + row.height + gap) ?? this.#rows.find((row) => row.current);
    if (row === undefined) return;
    const at = instantAt(this.view, this.#width, x);
    const monitor = row.monitors.includes(this.#monitor) ? this.#monitor : (row.monitors[0] ?? 0);
    let cell = cellAt(row.cells, x);
    if (cell?.kind === "app" && row.monitors.length > 1) {
      // The picture is of one monitor: so is the name beside it.
      const minute = this.#timeline.minute(row.device, monitor, at);
      if (minute.count > 0) cell = { ...cell, app: minute.app };
    }
    this.#preview.show({ ...this.#around(), x, at, device: row.device, monitor, cell });
  }
}

/** @param {"localStorage" | "sessionStorage"} name */
function storage(name) {
  try {
    return window[name];
  } catch {
    return undefined; // The browser refuses it.
  }
}
