// What the page knows of time: each monitor's minutes, each device's holes, where
// captures are, and small pictures of them. It keeps what it fetched of a few weeks at
// most. No other module asks the server about a stretch of time.

import { getJSON, query } from "../base/api.js";
import { DAY, HOUR, MINUTE, fromISO, iso } from "../base/time.js";

/** jarvis.HoleState. */
export const Hole = Object.freeze({
  NONE: 0,
  RECORDING: 1,
  UNCHANGED: 2,
  IDLE: 3,
  LOCKED: 4,
  PAUSED: 5,
  EXCLUDED: 6,
  SUSPENDED: 7,
  SPOOL_FULL: 8,
  FAILED: 9,
  OFFLINE: 10,
  UNKNOWN: 11,
  FUTURE: 12,
  LOADING: 13, // the page has not asked yet
});

/** Apps that have no name of their own: see jarvis.Lane. */
export const MIXED = "\u0000mixed";
export const OTHER = "\u0000other";

const minuteBytes = 3;
const keptDays = 35;
const block = 6 * HOUR; // what is fetched begins and ends at a multiple of it
const longest = 7 * DAY; // of one request

/**
 * @typedef {{device: string, from: Micros, to: Micros, state: number}} HoleSpan
 * @typedef {{device: string, monitor: number}} LaneName
 * @typedef {{count: number, app: string, hole: number}} Minute app is "" for none, MIXED or OTHER
 * @typedef {{at: Micros, monitor: number, app: string, titled: boolean, pinned: boolean}} Mark a capture: at is cut to the millisecond; titled: its title is another one than before
 * @typedef {{from: Micros, to: Micros, apps: string[], lanes: Map<string, Uint8Array>, holes: Map<string, HoleSpan[]>, used: number}} Chunk
 */

/** @param {string} device @param {number} monitor */
const laneKey = (device, monitor) => monitor + "\n" + device;

/** @param {string} text */
function bytes(text) {
  const raw = atob(text);
  const made = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) made[i] = raw.charCodeAt(i);
  return made;
}

/**
 * @param {TimelineAnswer} answer
 * @returns {TimelineData}
 */
export function readAnswer(answer) {
  return {
    from: fromISO(answer.from),
    to: fromISO(answer.to),
    apps: answer.apps ?? [],
    lanes: answer.lanes ?? [],
    holes: (answer.holes ?? []).map((hole) => ({ ...hole, from: fromISO(hole.from), to: fromISO(hole.to) })),
  };
}

/**
 * Time as far as it is known. It fires "update" {from, to} when more is known of a
 * stretch, and "tiles" when a sheet of small pictures arrived.
 */
export class Timeline extends EventTarget {
  /** @type {Chunk[]} by from; they do not overlap */
  #chunks = [];
  /** @type {Map<string, LaneName>} */
  #lanes = new Map();
  /** @type {Map<string, number>} how many captures each app has, of what is known */
  #uses = new Map();
  #tick = 0;
  /** @type {Promise<unknown>} */
  #fetching = Promise.resolve();
  /** @type {Promise<import("./captures.js").Captures> | undefined} */
  #captures;
  /** @type {import("./captures.js").Captures | undefined} */
  #capturesThere;
  /** @type {import("./sheets.js").Sheets | undefined} */
  #sheets;
  /** @type {Promise<import("./sheets.js").Sheets> | undefined} */
  #sheetsComing;

  /** @param {Pick<PageData, "zone" | "now" | "from" | "to" | "timeline">} page */
  constructor(page) {
    super();
    this.zone = page.zone;
    /** The newest instant that the server told of. */
    this.now = page.now;
    /** What was fetched, for tests. */
    this.stats = { sheets: 0, tiles: 0, indexes: 0, ranges: 0 };
    this.#put({ ...page.timeline, lanes: page.timeline.lanes ?? [], holes: page.timeline.holes ?? [] });
  }

  /** The monitors that have captures in what is known, by device and monitor. @returns {LaneName[]} */
  get lanes() {
    return [...this.#lanes.values()].sort((a, b) => (a.device === b.device ? a.monitor - b.monitor : a.device < b.device ? -1 : 1));
  }

  /** The devices that have captures or holes in what is known, by name. @returns {string[]} */
  get devices() {
    const names = new Set(this.lanes.map((lane) => lane.device));
    for (const chunk of this.#chunks) for (const device of chunk.holes.keys()) names.add(device);
    return [...names].sort();
  }

  /** The apps, the most used first. @returns {string[]} */
  get apps() {
    return [...this.#uses].sort((a, b) => b[1] - a[1]).map(([app]) => app);
  }

  /** Whether all of [from, to) is known. @param {Micros} from @param {Micros} to */
  knows(from, to) {
    return this.#missing(from, Math.min(to, this.#end())).length === 0;
  }

  /**
   * The minute of an instant. Without captures it has a hole, if only because it was
   * not asked for.
   * @param {string} device @param {number} monitor @param {Micros} at
   * @returns {Minute}
   */
  minute(device, monitor, at) {
    const chunk = this.#chunk(at);
    if (chunk === undefined) return { count: 0, app: "", hole: at >= this.#end() ? Hole.FUTURE : Hole.LOADING };
    const lane = chunk.lanes.get(laneKey(device, monitor));
    const place = Math.floor((at - chunk.from) / MINUTE) * minuteBytes;
    if (lane === undefined || place + 2 >= lane.length) return { count: 0, app: "", hole: this.holeAt(device, at)?.state ?? Hole.UNKNOWN };
    const [count = 0, app = 0, hole = 0] = lane.subarray(place, place + minuteBytes);
    return { count, app: appName(chunk, app), hole };
  }

  /**
   * The hole of a device at an instant, or null where it has captures around it.
   * @param {string} device @param {Micros} at
   * @returns {HoleSpan | null}
   */
  holeAt(device, at) {
    const chunk = this.#chunk(at);
    if (chunk === undefined) {
      if (at < this.#end()) return { device, from: Math.floor(at / block) * block, to: (Math.floor(at / block) + 1) * block, state: Hole.LOADING };
      return { device, from: this.now, to: at + HOUR, state: Hole.FUTURE };
    }
    const holes = chunk.holes.get(device) ?? [];
    const place = after(holes, at) - 1;
    const hole = holes[place];
    return hole !== undefined && at < hole.to ? this.#whole(hole) : null;
  }

  /**
   * The holes of a device that have an instant in [from, to), in order of time; those
   * that continue beyond what was fetched at once are whole.
   * @param {string} device @param {Micros} from @param {Micros} to
   * @returns {HoleSpan[]}
   */
  holes(device, from, to) {
    /** @type {HoleSpan[]} */
    const found = [];
    for (const chunk of this.#chunks) {
      if (chunk.to <= from || chunk.from >= to) continue;
      const holes = chunk.holes.get(device) ?? [];
      for (let i = Math.max(0, after(holes, from) - 1); i < holes.length; i++) {
        const hole = holes[i];
        if (hole === undefined || hole.from >= to) break;
        if (hole.to <= from) continue;
        const last = found.at(-1);
        if (last !== undefined && last.state === hole.state && last.to === hole.from) last.to = hole.to;
        else found.push({ ...hole });
      }
    }
    return found;
  }

  /**
   * Calls visit for each stretch of known minutes of a monitor in [from, to), in order:
   * the chunk's apps say what a minute's second byte means.
   * @param {string} device @param {number} monitor @param {Micros} from @param {Micros} to
   * @param {(start: Micros, minutes: Uint8Array, appOf: (place: number) => string) => void} visit
   */
  stretches(device, monitor, from, to, visit) {
    for (const chunk of this.#chunks) {
      if (chunk.to <= from || chunk.from >= to) continue;
      const lane = chunk.lanes.get(laneKey(device, monitor));
      if (lane === undefined) continue;
      const first = Math.max(0, Math.floor((from - chunk.from) / MINUTE));
      const last = Math.min(lane.length / minuteBytes, Math.ceil((to - chunk.from) / MINUTE));
      visit(chunk.from + first * MINUTE, lane.subarray(first * minuteBytes, last * minuteBytes), (place) => appName(chunk, place));
    }
  }

  /**
   * What is not known of [from, to): before now, that is.
   * @param {Micros} from @param {Micros} to
   * @returns {[Micros, Micros][]}
   */
  unknown(from, to) {
    return this.#missing(from, Math.min(to, this.#end()));
  }

  /**
   * Fetches what is missing of [from, to), a week at a time, and forgets what is far
   * from it where that is too much.
   * @param {Micros} from @param {Micros} to
   * @returns {Promise<void>}
   */
  extend(from, to) {
    const next = this.#fetching.then(async () => {
      for (const [start, end] of this.#missing(from, Math.min(to, this.#end()))) {
        for (let at = start; at < end; at += longest) await this.#fetch(at, Math.min(at + longest, end));
      }
      this.#forget(from, to);
    });
    this.#fetching = next.catch(() => {});
    return next;
  }

  /**
   * Fetches again what may have changed: the last hours before now.
   * @returns {Promise<void>}
   */
  refresh() {
    const next = this.#fetching.then(async () => {
      this.now = Math.max(this.now, Date.now() * 1000);
      const open = this.#chunks.at(-1);
      const from = Math.floor(this.now / block - 0.25) * block;
      if (open === undefined || open.to <= from) {
        await this.#fetch(from, this.#end());
      } else {
        await this.#fetch(Math.max(from, open.from), Math.max(open.to, this.#end()));
      }
    });
    this.#fetching = next.catch(() => {});
    return next;
  }

  /**
   * Forgets what it knows of [from, to) and fetches it again: captures were deleted.
   * @param {Micros} from @param {Micros} to
   */
  async reload(from, to) {
    const start = Math.floor(from / block) * block;
    const end = Math.ceil(to / block) * block;
    (await this.#captures)?.forget(start, end);
    this.#sheets?.forget(start, end);
    const known = this.#chunks.filter((chunk) => chunk.to > start && chunk.from < end);
    for (const chunk of known) await this.#fetch(Math.max(start, chunk.from), Math.min(end, chunk.to));
  }

  /**
   * Where the captures of a device are on a day, in order of time.
   * @param {string} device @param {string} day YYYY-MM-DD in the page's zone
   * @returns {Promise<import("./captures.js").Index>}
   */
  async index(device, day) {
    return (await this.#loadCaptures()).index(device, day);
  }

  /**
   * The capture that is so many after at (before, where steps is negative) on a
   * monitor, on whatever day it is; null where there are none.
   * @param {string} device @param {number} monitor @param {Micros} at @param {number} steps not 0
   * @returns {Promise<Mark | null>}
   */
  async neighbour(device, monitor, at, steps) {
    return (await this.#loadCaptures()).neighbour(device, monitor, at, steps);
  }

  /**
   * The first capture of the next app on a monitor; backwards, the first of the app
   * before. Null where the app does not change in the days around.
   * @param {string} device @param {number} monitor @param {Micros} at @param {1 | -1} direction
   * @returns {Promise<Mark | null>}
   */
  async appChange(device, monitor, at, direction) {
    return (await this.#loadCaptures()).appChange(device, monitor, at, direction);
  }

  /**
   * The changes of app on a monitor in [from, to): the first capture of each stretch.
   * @param {string} device @param {number} monitor @param {Micros} from @param {Micros} to
   * @returns {Promise<Mark[]>}
   */
  async appChanges(device, monitor, from, to) {
    return (await this.#loadCaptures()).appChanges(device, monitor, from, to);
  }

  /**
   * The capture of a monitor that is nearest to at on its day; null for a day without.
   * @param {string} device @param {number} monitor @param {Micros} at
   * @returns {Promise<Mark | null>}
   */
  async nearest(device, monitor, at) {
    return (await this.#loadCaptures()).nearest(device, monitor, at);
  }

  /**
   * The first and last capture of a monitor on the day of at, and how many there are.
   * @param {string} device @param {number} monitor @param {Micros} at
   * @returns {Promise<{first: Mark, last: Mark, count: number} | null>}
   */
  async bounds(device, monitor, at) {
    return (await this.#loadCaptures()).bounds(device, monitor, at);
  }

  /**
   * About how many captures there are in [from, to) on all monitors, as the minutes
   * say: those at the edges count whole.
   * @param {Micros} from @param {Micros} to
   */
  count(from, to) {
    let sum = 0;
    for (const { device, monitor } of this.#lanes.values()) {
      this.stretches(device, monitor, from, to, (_, minutes) => {
        for (let i = 0; i < minutes.length; i += minuteBytes) sum += minutes[i] ?? 0;
      });
    }
    return sum;
  }

  /**
   * The small picture that stands for an instant of a monitor: the nearest earlier one
   * that nothing but an unchanged screen is between, or null. Its sheet need not be
   * there: see prefetch.
   * @param {string} device @param {number} monitor @param {Micros} at @param {Micros} span what is looked at, from edge to edge
   * @returns {Tile | null} url is "" until the sheet is known by name
   */
  tile(device, monitor, at, span) {
    return this.#sheets?.tile(device, monitor, at, span) ?? null;
  }

  /**
   * Draws the small picture of an instant over a whole canvas, as large as it fits.
   * Where its sheet is not there it is fetched, the latest instant first, "tiles" fires
   * when it is there, and the best that is there already is drawn meanwhile.
   * @param {CanvasRenderingContext2D} canvas
   * @param {Micros} at @param {string} device @param {number} monitor @param {Micros} span
   * @param {{width: number, height: number}} [shape] of the monitor: what of the tile is not screen is cut away
   * @returns {boolean} whether something was drawn
   */
  drawTile(canvas, at, device, monitor, span, shape) {
    if (this.#sheets === undefined) {
      void this.#loadSheets();
      return false;
    }
    return this.#sheets.draw(canvas, at, device, monitor, span, shape);
  }

  /**
   * Fetches the sheet of an instant and its neighbours, when nothing else is wanted.
   * @param {string} device @param {number} monitor @param {Micros} at @param {Micros} span
   */
  async prefetch(device, monitor, at, span) {
    (await this.#loadSheets()).prefetch(device, monitor, at, span);
  }

  /** Lets go of all pictures: the page is locked, or memory is short. */
  drop() {
    this.#sheets?.drop();
  }

  /**
   * Follows the minutes back from at to the last one with captures that nothing but an
   * unchanged screen is between.
   * @param {string} device @param {number} monitor @param {Micros} at
   * @returns {Micros | null} the start of that minute
   */
  shownMinute(device, monitor, at) {
    const least = at - DAY;
    for (let minute = Math.floor(at / MINUTE) * MINUTE; minute > least; minute -= MINUTE) {
      const found = this.minute(device, monitor, minute);
      if (found.count > 0) return minute;
      if (found.hole !== Hole.NONE && found.hole !== Hole.UNCHANGED && found.hole !== Hole.RECORDING) return null;
    }
    return null;
  }

  /**
   * The index of a device's day if it is there; else it is sent for.
   * @param {string} device @param {string} day
   * @returns {import("./captures.js").Index | null}
   */
  loadedIndex(device, day) {
    if (this.#capturesThere !== undefined) return this.#capturesThere.loaded(device, day);
    this.#loadCaptures().then((captures) => captures.loaded(device, day)).catch(() => {});
    return null;
  }

  #loadCaptures() {
    this.#captures ??= import("./captures.js").then(({ Captures }) => (this.#capturesThere = new Captures(this)));
    return this.#captures;
  }

  #loadSheets() {
    this.#sheetsComing ??= import("./sheets.js").then(({ Sheets }) => {
      this.#sheets = new Sheets(this);
      this.dispatchEvent(new Event("tiles"));
      return this.#sheets;
    });
    return this.#sheetsComing;
  }

  /** The end of what can be asked for. */
  #end() {
    return Math.ceil(this.now / block) * block;
  }

  /** @param {Micros} at @returns {Chunk | undefined} */
  #chunk(at) {
    const found = this.#chunks[after(this.#chunks, at) - 1];
    if (found === undefined || at >= found.to) return undefined;
    found.used = ++this.#tick;
    return found;
  }

  /** @param {HoleSpan} hole joined with what continues it in the neighbours @returns {HoleSpan} */
  #whole(hole) {
    const whole = { ...hole };
    for (const chunk of this.#chunks) {
      const next = chunk.from === whole.to ? chunk.holes.get(hole.device)?.[0] : undefined;
      if (next?.state === whole.state && next.from === whole.to) whole.to = next.to;
    }
    for (const chunk of [...this.#chunks].reverse()) {
      const last = chunk.to === whole.from ? chunk.holes.get(hole.device)?.at(-1) : undefined;
      if (last?.state === whole.state && last.to === whole.from) whole.from = last.from;
    }
    return whole;
  }

  /** @param {Micros} from @param {Micros} to @returns {[Micros, Micros][]} */
  #missing(from, to) {
    /** @type {[Micros, Micros][]} */
    const missing = [];
    let at = Math.max(0, Math.floor(from / block) * block);
    const end = Math.ceil(to / block) * block;
    for (const chunk of this.#chunks) {
      if (chunk.to <= at) continue;
      if (chunk.from >= end) break;
      if (chunk.from > at) missing.push([at, chunk.from]);
      at = chunk.to;
    }
    if (at < end) missing.push([at, end]);
    return missing;
  }

  /** @param {Micros} from @param {Micros} to */
  async #fetch(from, to) {
    this.stats.ranges++;
    const answer = await getJSON("/api/timeline" + query({ from: iso(from), to: iso(to) }));
    this.#put(readAnswer(answer));
    (await this.#captures)?.forget(Math.max(from, this.now - DAY), to);
    this.#sheets?.stale(Math.max(from, this.now - DAY), to);
    this.dispatchEvent(new CustomEvent("update", { detail: { from, to } }));
  }

  /**
   * Adds what an answer says; what was known of that time is replaced.
   * @param {TimelineData} data
   */
  #put(data) {
    /** @type {Chunk} */
    const chunk = { from: data.from, to: data.to, apps: data.apps ?? [], lanes: new Map(), holes: new Map(), used: ++this.#tick };
    for (const lane of data.lanes) chunk.lanes.set(laneKey(lane.device, lane.monitor), bytes(lane.minutes));
    for (const hole of data.holes) {
      const holes = chunk.holes.get(hole.device) ?? [];
      holes.push(hole);
      chunk.holes.set(hole.device, holes);
    }
    const kept = this.#chunks.flatMap((old) => cut(old, chunk.from, chunk.to));
    this.#chunks = [...kept, chunk].sort((a, b) => a.from - b.from);
    for (const { device, monitor } of data.lanes) this.#lanes.set(laneKey(device, monitor), { device, monitor });
    this.#countUses();
  }

  #countUses() {
    this.#uses.clear();
    for (const chunk of this.#chunks) {
      for (const lane of chunk.lanes.values()) {
        for (let i = 0; i + 2 < lane.length; i += minuteBytes) {
          const app = appName(chunk, lane[i + 1] ?? 0);
          if (app !== "" && app !== MIXED && app !== OTHER) this.#uses.set(app, (this.#uses.get(app) ?? 0) + (lane[i] ?? 0));
        }
      }
    }
  }

  /** @param {Micros} from @param {Micros} to what is looked at */
  #forget(from, to) {
    let days = this.#chunks.reduce((sum, chunk) => sum + (chunk.to - chunk.from) / DAY, 0);
    const far = this.#chunks.filter((chunk) => chunk.to <= from || chunk.from >= to).sort((a, b) => a.used - b.used);
    for (const chunk of far) {
      if (days <= keptDays) return;
      days -= (chunk.to - chunk.from) / DAY;
      this.#chunks = this.#chunks.filter((kept) => kept !== chunk);
    }
  }
}

/**
 * How many of the list begin at or before at.
 * @param {{from: Micros}[]} list by from @param {Micros} at
 */
export function after(list, at) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.from ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {Chunk} chunk @param {number} place */
function appName(chunk, place) {
  if (place === 0) return "";
  if (place === 254) return MIXED;
  return chunk.apps[place - 1] ?? OTHER;
}

/**
 * What is left of a chunk outside of [from, to): at most two chunks.
 * @param {Chunk} chunk @param {Micros} from @param {Micros} to
 * @returns {Chunk[]}
 */
function cut(chunk, from, to) {
  if (chunk.to <= from || chunk.from >= to) return [chunk];
  const left = [];
  if (chunk.from < from) left.push(part(chunk, chunk.from, from));
  if (chunk.to > to) left.push(part(chunk, to, chunk.to));
  return left;
}

/** @param {Chunk} chunk @param {Micros} from @param {Micros} to @returns {Chunk} */
function part(chunk, from, to) {
  const first = ((from - chunk.from) / MINUTE) * minuteBytes;
  const last = ((to - chunk.from) / MINUTE) * minuteBytes;
  const lanes = new Map([...chunk.lanes].map(([key, lane]) => [key, lane.slice(first, last)]));
  const holes = new Map();
  for (const [device, list] of chunk.holes) {
    holes.set(device, list.filter((hole) => hole.to > from && hole.from < to).map((hole) => ({ ...hole, from: Math.max(hole.from, from), to: Math.min(hole.to, to) })));
  }
  return { ...chunk, from, to, lanes, holes };
}
