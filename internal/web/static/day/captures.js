// Where captures are: the index of a device's day, decoded when it is asked for.

import { getBytes, getJSON, query } from "../base/api.js";
import { dayOf, endOfDay, fromISO, iso, startOfDay } from "../base/time.js";

const keptIndexes = 10;
const searchedDays = 14; // how far a change of app is looked for

/** @typedef {import("./data.js").Mark} Mark */

/** The captures of a device in order of time, in columns. */
export class Index {
  /**
   * @param {string[]} apps
   * @param {Float64Array} times Micros, cut to the millisecond
   * @param {Uint8Array} monitors
   * @param {Uint8Array} appPlaces 0 none, 255 beyond the list, else 1 + the place in apps
   * @param {Uint8Array} flags
   */
  constructor(apps, times, monitors, appPlaces, flags) {
    this.apps = apps;
    this.times = times;
    this.monitors = monitors;
    this.appPlaces = appPlaces;
    this.flags = flags;
    /** @type {Map<number, Uint32Array>} */
    this.places = new Map();
  }

  get length() {
    return this.times.length;
  }

  /**
   * The places of a monitor's captures.
   * @param {number} monitor
   * @returns {Uint32Array}
   */
  of(monitor) {
    let places = this.places.get(monitor);
    if (places === undefined) {
      const found = [];
      for (let i = 0; i < this.length; i++) if (this.monitors[i] === Math.min(monitor, 255)) found.push(i);
      places = Uint32Array.from(found);
      this.places.set(monitor, places);
    }
    return places;
  }

  /**
   * How many of a monitor's captures are before at.
   * @param {number} monitor @param {Micros} at
   */
  before(monitor, at) {
    const places = this.of(monitor);
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.times[places[middle] ?? 0] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The capture at a place of a monitor's; null beyond the ends.
   * @param {number} monitor @param {number} place
   * @returns {Mark | null}
   */
  mark(monitor, place) {
    const i = this.of(monitor)[place];
    if (i === undefined) return null;
    const flags = this.flags[i] ?? 0;
    return { at: this.times[i] ?? 0, monitor, app: this.app(i), titled: (flags & 1) !== 0, pinned: (flags & 2) !== 0 };
  }

  /** @param {number} i place among all captures */
  app(i) {
    const place = this.appPlaces[i] ?? 0;
    return place === 0 ? "" : (this.apps[place - 1] ?? "\u0000other");
  }
}

/**
 * Reads an index: see docs/timeline.md for its form.
 * @param {ArrayBuffer} buffer
 * @returns {Index}
 */
export function decodeIndex(buffer) {
  const view = new DataView(buffer);
  const data = new Uint8Array(buffer);
  if (data.length < 18 || String.fromCharCode(...data.subarray(0, 4)) !== "JDX1") throw new Error("the server sent an index that this page cannot read; reload it");
  const count = view.getUint32(4, true);
  const base = Number(view.getBigInt64(8, true));
  const apps = [];
  const text = new TextDecoder();
  let place = 18;
  for (let n = view.getUint16(16, true); n > 0; n--) {
    const length = view.getUint16(place, true);
    apps.push(text.decode(data.subarray(place + 2, place + 2 + length)));
    place += 2 + length;
  }
  const times = new Float64Array(count);
  let ms = Math.floor(base / 1000);
  for (let i = 0; i < count; i++) {
    let delta = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = data[place++];
      if (byte === undefined) throw new Error("the server sent an index that is cut off; reload the page");
      delta += (byte & 127) * scale;
      if (byte < 128) break;
    }
    ms += delta;
    times[i] = ms * 1000;
  }
  if (place + 3 * count > data.length) throw new Error("the server sent an index that is cut off; reload the page");
  const column = () => data.slice(place, (place += count));
  return new Index(apps, times, column(), column(), column());
}

/** The indexes of days, fetched when they are asked for; it keeps the last few. */
export class Captures {
  /** @type {Map<string, {from: Micros, to: Micros, index: Promise<Index>, there?: Index}>} the one used last is last */
  #days = new Map();
  #timeline;

  /** @param {import("./data.js").Timeline} timeline */
  constructor(timeline) {
    this.#timeline = timeline;
  }

  /** @param {string} device @param {string} day @returns {Promise<Index>} */
  index(device, day) {
    const key = day + "\n" + device;
    const zone = this.#timeline.zone;
    let known = this.#days.get(key);
    if (known === undefined) {
      const [from, to] = [startOfDay(day, zone), endOfDay(day, zone)];
      this.#timeline.stats.indexes++;
      /** @type {{from: Micros, to: Micros, index: Promise<Index>, there?: Index}} */
      const made = { from, to, index: getBytes("/api/timeline/index" + query({ device, from: iso(from), to: iso(to) })).then(decodeIndex) };
      made.index.then(
        (index) => (made.there = index),
        () => setTimeout(() => this.#days.get(key) === made && this.#days.delete(key), 3000),
      );
      known = made;
    }
    this.#days.delete(key);
    this.#days.set(key, known);
    for (const old of this.#days.keys()) {
      if (this.#days.size <= keptIndexes) break;
      this.#days.delete(old);
    }
    return known.index;
  }

  /**
   * The index if it is there; else it is sent for, and "tiles" fires when it is there:
   * which pictures stand for an instant is known better then.
   * @param {string} device @param {string} day @returns {Index | null}
   */
  loaded(device, day) {
    const known = this.#days.get(day + "\n" + device);
    if (known?.there !== undefined) return known.there;
    if (known !== undefined) return null;
    this.index(device, day).then(
      () => this.#timeline.dispatchEvent(new Event("tiles")),
      () => {}, // The hour's tiles do.
    );
    return null;
  }

  /** Forgets the days that have an instant in [from, to). @param {Micros} from @param {Micros} to */
  forget(from, to) {
    for (const [key, day] of this.#days) if (day.from < to && day.to > from) this.#days.delete(key);
  }

  /** @param {string} device @param {number} monitor @param {Micros} at @param {number} steps @returns {Promise<Mark | null>} */
  async neighbour(device, monitor, at, steps) {
    const index = await this.index(device, dayOf(at, this.#timeline.zone));
    const cut = Math.floor(at / 1000) * 1000;
    const first = steps > 0 ? index.before(monitor, cut + 1000) - 1 : index.before(monitor, cut);
    const found = index.mark(monitor, first + steps);
    if (found !== null) return found;
    const left = steps > 0 ? steps - (index.of(monitor).length - 1 - first) : steps + first;
    const edge = steps > 0 ? endOfDay(dayOf(at, this.#timeline.zone), this.#timeline.zone) : startOfDay(dayOf(at, this.#timeline.zone), this.#timeline.zone);
    return this.#beyond(device, monitor, edge, left);
  }

  /**
   * The capture that is the nth from an edge on, forwards (1 is the first) or backwards.
   * @param {string} device @param {number} monitor @param {Micros} edge @param {number} n
   * @returns {Promise<Mark | null>}
   */
  async #beyond(device, monitor, edge, n) {
    const limit = Math.min(Math.abs(n), 100);
    const page = n > 0 ? { from: iso(edge), order: "oldest" } : { to: iso(edge), order: "newest" };
    const answer = await getJSON("/api/captures" + query({ ...page, device, monitor, limit }));
    /** @type {Capture[]} */
    const items = answer.items ?? [];
    const found = items.at(-1);
    if (found === undefined) return null;
    return { at: Math.floor(fromISO(found.timestamp) / 1000) * 1000, monitor, app: found.app_name, titled: true, pinned: found.pinned };
  }

  /** @param {string} device @param {number} monitor @param {Micros} at @param {1 | -1} direction @returns {Promise<Mark | null>} */
  async appChange(device, monitor, at, direction) {
    const zone = this.#timeline.zone;
    const cut = Math.floor(at / 1000) * 1000 + 1000;
    /** @type {string | null} the app that is left */
    let app = null;
    /** @type {Mark | null} the start, so far, of the app before */
    let start = null;
    let day = dayOf(at, zone);
    for (let days = 0; days < searchedDays; days++) {
      const index = await this.index(device, day);
      const length = index.of(monitor).length;
      const from = days === 0 ? Math.max(0, index.before(monitor, cut) - 1) : direction > 0 ? 0 : length - 1;
      for (let place = from; place >= 0 && place < length; place += direction) {
        const mark = index.mark(monitor, place);
        if (mark === null) break;
        app ??= mark.app;
        if (start !== null && mark.app !== start.app) return start;
        if (mark.app === app) continue;
        if (direction > 0) return mark;
        start = mark;
      }
      const edge = direction > 0 ? endOfDay(day, zone) : startOfDay(day, zone);
      const next = await this.#beyond(device, monitor, edge, direction);
      if (next === null) return start;
      day = dayOf(next.at, zone);
    }
    return start;
  }

  /** @param {string} device @param {number} monitor @param {Micros} from @param {Micros} to @returns {Promise<Mark[]>} */
  async appChanges(device, monitor, from, to) {
    const zone = this.#timeline.zone;
    const found = [];
    let app = null;
    for (let at = from; at < to; at = endOfDay(dayOf(at, zone), zone)) {
      const index = await this.index(device, dayOf(at, zone));
      const last = index.before(monitor, to);
      for (let place = index.before(monitor, from); place < last; place++) {
        const mark = index.mark(monitor, place);
        if (mark === null || mark.app === app) continue;
        app = mark.app;
        found.push(mark);
      }
    }
    return found;
  }

  /** @param {string} device @param {number} monitor @param {Micros} at @returns {Promise<Mark | null>} */
  async nearest(device, monitor, at) {
    const index = await this.index(device, dayOf(at, this.#timeline.zone));
    const place = index.before(monitor, at);
    const [before, next] = [index.mark(monitor, place - 1), index.mark(monitor, place)];
    if (before === null || next === null) return before ?? next;
    return at - before.at <= next.at - at ? before : next;
  }

  /** @param {string} device @param {number} monitor @param {Micros} at */
  async bounds(device, monitor, at) {
    const index = await this.index(device, dayOf(at, this.#timeline.zone));
    const count = index.of(monitor).length;
    const [first, last] = [index.mark(monitor, 0), index.mark(monitor, count - 1)];
    return first === null || last === null ? null : { first, last, count };
  }
}

