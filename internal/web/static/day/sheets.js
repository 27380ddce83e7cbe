// Sheets of small pictures: fetched for the latest target only, decoded beside the
// page's own work, and the last few kept.

import { getBlob, getJSON, query } from "../base/api.js";
import { DAY, HOUR, MINUTE, SECOND, dayOf, fromISO, iso } from "../base/time.js";

/**
 * @typedef {{width: number, height: number}} Shape
 * @typedef {"hour" | "five"} Kind
 * @typedef {{device: string, monitor: number, kind: Kind, from: Micros, n: number}} Slot a tile: the nth of the sheet that begins at from
 * @typedef {{names: Map<Micros, string>, stale: boolean}} List
 * @typedef {{name: string, picture: ImageBitmap}} Kept
 */

export const tileWidth = 320;
export const tileHeight = 180;
const columns = 10;
const flights = 2;
const closeLook = 3 * HOUR; // below which there is a tile every five seconds
const near = 5 * MINUTE; // how much earlier a picture may be that stands in
const retry = 3000; // milliseconds after a failure

/** @type {Record<Kind, {length: Micros, step: Micros, listed: Micros}>} listed: how much a list of names is about */
export const kinds = {
  hour: { length: HOUR, step: MINUTE, listed: DAY },
  five: { length: 5 * MINUTE, step: 5 * SECOND, listed: 6 * HOUR },
};

/**
 * Where an instant is among the tiles of its kind.
 * @param {Kind} kind @param {Micros} at
 * @returns {{from: Micros, n: number}}
 */
export function slotOf(kind, at) {
  const { length, step } = kinds[kind];
  const from = Math.floor(at / length) * length;
  return { from, n: Math.floor((at - from) / step) };
}

/** Where the nth tile is within its sheet. @param {number} n */
export function tilePlace(n) {
  return { x: (n % columns) * tileWidth, y: Math.floor(n / columns) * tileHeight, width: tileWidth, height: tileHeight };
}

/**
 * The part of a tile that is screen: the rest is the black around it.
 * @param {Shape | undefined} shape
 */
export function screenOf(shape) {
  if (shape === undefined || shape.width <= 0 || shape.height <= 0) return { x: 0, y: 0, width: tileWidth, height: tileHeight };
  const scale = Math.min(tileWidth / shape.width, tileHeight / shape.height);
  const [width, height] = [Math.max(1, shape.width * scale), Math.max(1, shape.height * scale)];
  return { x: (tileWidth - width) / 2, y: (tileHeight - height) / 2, width, height };
}

/** @param {Omit<Slot, "n">} sheet */
const keyOf = (sheet) => [sheet.kind, sheet.from, sheet.monitor, sheet.device].join("\n");

/** The sheets, of which it keeps 6, on a phone 3. */
export class Sheets {
  /** @type {Map<string, Promise<List> | List>} */
  #lists = new Map();
  /** @type {Map<string, Kept>} the one used last is last */
  #kept = new Map();
  /** @type {Map<string, AbortController>} the oldest first */
  #flying = new Map();
  /** @type {Map<string, number>} when the last try failed */
  #failed = new Map();
  /** @type {Slot | null} what is wanted, and no other */
  #target = null;
  /** @type {Slot[]} what is wanted when nothing else is */
  #later = [];
  #timeline;
  #most;

  /** @param {import("./data.js").Timeline} timeline */
  constructor(timeline) {
    this.#timeline = timeline;
    this.#most = matchMedia("(max-width: 640px), (max-height: 480px)").matches ? 3 : 6;
  }

  /**
   * @param {string} device @param {number} monitor @param {Micros} at @param {Micros} span
   * @returns {Tile | null}
   */
  tile(device, monitor, at, span) {
    const slot = this.#slot(device, monitor, at, span);
    if (slot === null) return null;
    const list = this.#lists.get(this.#listKey(slot));
    const name = list === undefined || list instanceof Promise ? undefined : list.names.get(slot.from);
    return { url: name === undefined ? "" : address(slot, name), ...tilePlace(slot.n) };
  }

  /**
   * @param {CanvasRenderingContext2D} canvas
   * @param {Micros} at @param {string} device @param {number} monitor @param {Micros} span @param {Shape} [shape]
   * @returns {boolean}
   */
  draw(canvas, at, device, monitor, span, shape) {
    const slot = this.#slot(device, monitor, at, span);
    if (slot === null) return false;
    this.#aim(slot);
    const found = this.#has(slot) ? slot : this.#standIn(device, monitor, at);
    if (found === null) return false;
    const key = keyOf(found);
    const kept = /** @type {Kept} */ (this.#kept.get(key));
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    paint(canvas, kept.picture, found.n, shape);
    this.#timeline.stats.tiles++;
    return true;
  }

  /** @param {string} device @param {number} monitor @param {Micros} at @param {Micros} span */
  prefetch(device, monitor, at, span) {
    const slot = this.#slot(device, monitor, at, span) ?? this.#slot(device, monitor, at, DAY);
    if (slot === null) return;
    this.#target = slot;
    const { length } = kinds[slot.kind];
    this.#later = [length, -length].map((by) => ({ ...slot, from: slot.from + by }));
    this.#next();
  }

  /** @param {Micros} from @param {Micros} to */
  stale(from, to) {
    for (const [key, list] of this.#lists) {
      const start = Number(key.split("\n")[1]);
      if (start >= to || start + DAY <= from) continue;
      if (list instanceof Promise) this.#lists.delete(key);
      else list.stale = true;
    }
  }

  /** @param {Micros} from @param {Micros} to */
  forget(from, to) {
    this.stale(from, to);
    for (const [key, kept] of this.#kept) {
      const start = Number(key.split("\n")[1]);
      if (start >= to || start + HOUR <= from) continue;
      kept.picture.close();
      this.#kept.delete(key);
    }
  }

  drop() {
    for (const flight of this.#flying.values()) flight.abort();
    for (const kept of this.#kept.values()) kept.picture.close();
    this.#kept.clear();
    this.#lists.clear();
    this.#target = null;
    this.#later = [];
  }

  /**
   * The tile that stands for an instant.
   * @param {string} device @param {number} monitor @param {Micros} at @param {Micros} span
   * @returns {Slot | null}
   */
  #slot(device, monitor, at, span) {
    const minute = this.#timeline.shownMinute(device, monitor, at);
    if (minute === null) return null;
    if (span <= closeLook) {
      const index = this.#timeline.loadedIndex(device, dayOf(at, this.#timeline.zone));
      const mark = index?.mark(monitor, index.before(monitor, at + 1) - 1);
      if (mark && mark.at >= minute) return { device, monitor, kind: "five", ...slotOf("five", mark.at) };
    }
    return { device, monitor, kind: "hour", ...slotOf("hour", minute) };
  }

  /** @param {Slot} slot */
  #has(slot) {
    const kept = this.#kept.get(keyOf(slot));
    return kept !== undefined && tilePlace(slot.n).y + tileHeight <= kept.picture.height;
  }

  /**
   * The best that is there while its own sheet is not.
   * @param {string} device @param {number} monitor @param {Micros} at
   * @returns {Slot | null}
   */
  #standIn(device, monitor, at) {
    let minute = this.#timeline.shownMinute(device, monitor, at);
    while (minute !== null && minute > at - near) {
      /** @type {Slot} */
      const slot = { device, monitor, kind: "hour", ...slotOf("hour", minute) };
      if (this.#has(slot)) return slot;
      minute = this.#timeline.shownMinute(device, monitor, minute - 1);
    }
    return null;
  }

  /** @param {Slot} slot what is looked at now */
  #aim(slot) {
    const before = this.#target;
    if (before !== null && keyOf(before) === keyOf(slot)) {
      if (!this.#current(slot)) this.#next();
      return;
    }
    this.#target = slot;
    const { length } = kinds[slot.kind];
    const forwards = before === null || slot.from >= before.from;
    this.#later = (forwards ? [length, -length] : [-length, length]).map((by) => ({ ...slot, from: slot.from + by }));
    this.#next();
  }

  /** Whether the sheet of a slot is there, as it is now. @param {Slot} slot */
  #current(slot) {
    const kept = this.#kept.get(keyOf(slot));
    const list = this.#lists.get(this.#listKey(slot));
    if (list === undefined || list instanceof Promise || list.stale) return false;
    return (kept?.name ?? "") === (list.names.get(slot.from) ?? "");
  }

  /** Sends for what is wanted next, where it is not on its way. */
  #next() {
    const wanted = this.#target === null ? [] : [this.#target, ...this.#later];
    for (const slot of wanted) {
      const key = keyOf(slot);
      if (this.#current(slot) || Date.now() - (this.#failed.get(key) ?? 0) < retry) continue;
      if (this.#flying.has(key)) continue;
      const first = slot === this.#target;
      if (this.#flying.size >= flights) {
        if (!first) return;
        const [oldest] = this.#flying;
        if (oldest === undefined) return;
        oldest[1].abort();
        this.#flying.delete(oldest[0]);
      }
      void this.#fetch(slot, first);
      if (first) return; // The neighbours wait until it is there.
    }
  }

  /** @param {Slot} slot @param {boolean} first */
  async #fetch(slot, first) {
    const key = keyOf(slot);
    const flight = new AbortController();
    this.#flying.set(key, flight);
    const { signal } = flight;
    try {
      const list = await this.#list(slot);
      const name = list.names.get(slot.from);
      if (signal.aborted || name === undefined || this.#kept.get(key)?.name === name) return;
      this.#timeline.stats.sheets++;
      const blob = await getBlob(address(slot, name), { signal, priority: first ? "high" : "low", tries: 2 });
      const picture = await createImageBitmap(blob);
      if (signal.aborted) picture.close();
      else this.#keep(key, { name, picture });
    } catch {
      // The page says itself when the server is away; a picture that is broken is not there.
      if (!signal.aborted) this.#failed.set(key, Date.now());
    } finally {
      if (this.#flying.get(key) === flight) this.#flying.delete(key);
    }
    if (!signal.aborted) this.#next();
  }

  /** @param {string} key @param {Kept} kept */
  #keep(key, kept) {
    this.#failed.delete(key);
    this.#kept.get(key)?.picture.close();
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const target = this.#target === null ? "" : keyOf(this.#target);
    for (const [old, { picture }] of this.#kept) {
      if (this.#kept.size <= this.#most) break;
      if (old === target) continue;
      picture.close();
      this.#kept.delete(old);
    }
    this.#timeline.dispatchEvent(new Event("tiles"));
  }

  /** @param {Slot} slot */
  #listKey(slot) {
    const { listed } = kinds[slot.kind];
    return [slot.kind, Math.floor(slot.from / listed) * listed, slot.monitor, slot.device].join("\n");
  }

  /** @param {Slot} slot @returns {Promise<List>} */
  async #list(slot) {
    const key = this.#listKey(slot);
    const known = this.#lists.get(key);
    if (known instanceof Promise || (known !== undefined && !known.stale)) return known;
    const { listed } = kinds[slot.kind];
    const from = Math.floor(slot.from / listed) * listed;
    const coming = this.#readList(slot, from, from + listed);
    this.#lists.set(key, coming);
    try {
      const list = await coming;
      if (this.#lists.get(key) === coming) this.#lists.set(key, list);
      return list;
    } catch (error) {
      if (this.#lists.get(key) === coming) this.#lists.delete(key);
      throw error;
    }
  }

  /** @param {Slot} slot @param {Micros} from @param {Micros} to @returns {Promise<List>} */
  async #readList({ device, monitor, kind }, from, to) {
    const answer = await getJSON("/api/timeline/sheets" + query({ device, monitor, kind, from: iso(from), to: iso(to) }));
    /** @type {{from: string, name: string}[]} */
    const items = answer.items ?? [];
    return { names: new Map(items.map((item) => [fromISO(item.from), item.name])), stale: false };
  }
}

/** @param {Slot} slot @param {string} name */
function address({ device, monitor, kind, from }, name) {
  return "/api/timeline/sheet" + query({ device, monitor, kind, from: iso(from), name });
}

/**
 * Draws a tile over a canvas, as large as it fits, in the middle.
 * @param {CanvasRenderingContext2D} canvas @param {ImageBitmap} picture @param {number} n @param {Shape} [shape]
 */
function paint(canvas, picture, n, shape) {
  const { x, y } = tilePlace(n);
  const part = screenOf(shape);
  const { width, height } = canvas.canvas;
  const scale = Math.min(width / part.width, height / part.height);
  const [w, h] = [part.width * scale, part.height * scale];
  canvas.clearRect(0, 0, width, height);
  canvas.drawImage(picture, x + part.x, y + part.y, part.width, part.height, (width - w) / 2, (height - h) / 2, w, h);
}
