// What the captures of a monitor are, by stretches of time around where somebody looks:
// ids, titles, apps. A stretch is known without holes of its own, so the neighbour of a
// capture is found without asking.

import { getJSON, query } from "../base/api.js";
import { fromISO, iso } from "../base/time.js";

const half = 50; // captures of a chapter on either side of the playhead
const page = 100;
const near = 20; // so close to the end of what is known, more is fetched ahead
const kept = 6000; // captures
const fresh = 4000; // ms for which nothing newer is asked for beyond the newest

/** @typedef {{from: Micros, to: Micros, items: Capture[], asked: number, used: number}} Stretch items are all of [from, to], by (time, id); to is Infinity after the newest */
/** @typedef {(path: string, options?: {signal?: AbortSignal, priority?: "high" | "low" | "auto"}) => Promise<any>} Get */

/** @type {WeakMap<Capture, Micros>} */
const times = new WeakMap();

/**
 * The time of a capture.
 * @param {Capture} capture
 * @returns {Micros}
 */
export function timeOf(capture) {
  let at = times.get(capture);
  if (at === undefined) {
    at = fromISO(capture.timestamp);
    times.set(capture, at);
  }
  return at;
}

/** @param {Capture} a @param {Capture} b */
function order(a, b) {
  return timeOf(a) - timeOf(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** @param {string} device @param {number} monitor */
const laneKey = (device, monitor) => monitor + "\n" + device;

/**
 * Joins captures: each once, in order.
 * @param {Capture[]} a @param {Capture[]} b
 */
export function join(a, b) {
  const byID = new Map(a.map((capture) => [capture.id, capture]));
  for (const capture of b) if (!byID.has(capture.id)) byID.set(capture.id, capture);
  return [...byID.values()].sort(order);
}

/**
 * Adds a stretch to others: those that it touches become one with it.
 * @param {Stretch[]} stretches by from, apart from each other
 * @param {Stretch} added
 * @returns {Stretch[]}
 */
export function merge(stretches, added) {
  const apart = [];
  let whole = added;
  for (const stretch of stretches) {
    if (stretch.to < whole.from || stretch.from > whole.to) {
      apart.push(stretch);
      continue;
    }
    whole = {
      from: Math.min(stretch.from, whole.from),
      to: Math.max(stretch.to, whole.to),
      items: join(stretch.items, whole.items),
      asked: Math.max(stretch.asked, whole.asked),
      used: Math.max(stretch.used, whole.used),
    };
  }
  return [...apart, whole].sort((a, b) => a.from - b.from);
}

/**
 * How many captures are before a time.
 * @param {Capture[]} items @param {Micros} at
 */
export function before(items, at) {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(/** @type {Capture} */ (items[middle])) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** It fires "more" when more captures are known. */
export class Chapters extends EventTarget {
  /** @type {Map<string, Stretch[]>} */
  #lanes = new Map();
  /** @type {Map<string, Promise<void>>} what is being fetched */
  #coming = new Map();
  /** @type {Set<string>} what is gone, so that a late answer does not bring it back */
  #gone = new Set();
  #tick = 0;
  #get;

  /** @param {{get?: Get}} [options] */
  constructor(options = {}) {
    super();
    this.#get = options.get ?? /** @type {Get} */ (getJSON);
  }

  /**
   * Adds one capture, of whose neighbours nothing is known.
   * @param {Capture} capture
   */
  add(capture) {
    const at = timeOf(capture);
    this.#put(capture.device, capture.monitor_index, { from: at, to: at, items: [capture], asked: 0, used: ++this.#tick });
  }

  /**
   * The capture that is n after (before, where n is negative): the last one that there
   * is where there are not as many, and null where there is none.
   * @param {Capture} capture @param {number} n not 0
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<Capture | null>}
   */
  async neighbour(capture, n, options = {}) {
    try {
      return await this.#neighbour(capture, n, options);
    } finally {
      // One that was deleted while it was looked at is not gone back to.
      if (this.#gone.has(capture.id)) this.forget(capture.id);
    }
  }

  /**
   * @param {Capture} capture @param {number} n @param {{signal?: AbortSignal}} options
   * @returns {Promise<Capture | null>}
   */
  async #neighbour(capture, n, options) {
    for (;;) {
      const stretch = this.#stretch(capture);
      const i = stretch.items.findIndex((item) => item.id === capture.id);
      const found = stretch.items[i + n];
      if (found !== undefined) {
        this.#extend(capture, stretch, i + n, Math.sign(n));
        return found;
      }
      const count = stretch.items.length;
      const known = n > 0 ? stretch.to === Infinity && Date.now() - stretch.asked < fresh : stretch.from === -Infinity;
      if (!known) await this.#more(capture, stretch, n > 0 ? 1 : -1);
      options.signal?.throwIfAborted();
      const now = this.#stretch(capture);
      if (known || (now.items.length === count && (n > 0 ? now.to === Infinity : now.from === -Infinity))) {
        const last = n > 0 ? now.items.at(-1) : now.items[0];
        return last === undefined || last.id === capture.id ? null : last;
      }
    }
  }

  /**
   * The neighbours that are known already, by how far they are; it sees to it that
   * more are known soon.
   * @param {Capture} capture @param {number[]} offsets
   * @returns {Capture[]}
   */
  around(capture, offsets) {
    const stretch = this.#stretch(capture);
    const i = stretch.items.findIndex((item) => item.id === capture.id);
    this.#extend(capture, stretch, i, 1);
    this.#extend(capture, stretch, i, -1);
    const found = offsets.flatMap((offset) => stretch.items[i + offset] ?? []);
    if (this.#gone.has(capture.id)) this.forget(capture.id);
    return found;
  }

  /**
   * The capture of a monitor that is nearest to a time, on whatever day; the latest at
   * or before it where earlier says so and there is one. Null for a monitor without.
   * @param {string} device @param {number} monitor @param {Micros} at
   * @param {{signal?: AbortSignal, earlier?: boolean, priority?: "high" | "low"}} [options]
   * @returns {Promise<Capture | null>}
   */
  async nearest(device, monitor, at, options = {}) {
    let stretch = this.#covering(device, monitor, at);
    if (stretch === undefined) {
      await this.#load(device, monitor, at, options);
      stretch = this.#covering(device, monitor, at);
    }
    if (stretch === undefined) return null;
    stretch.used = ++this.#tick;
    const place = before(stretch.items, at + 1);
    const [earlier, later] = [stretch.items[place - 1], stretch.items[place]];
    if (earlier === undefined || later === undefined) return earlier ?? later ?? null;
    return options.earlier || at - timeOf(earlier) <= timeOf(later) - at ? earlier : later;
  }

  /**
   * One capture that is near a time, of whose neighbours nothing needs to be known.
   * @param {string} device @param {number} monitor @param {Micros} at
   * @param {AbortSignal} signal
   * @returns {Promise<Capture | null>}
   */
  async at(device, monitor, at, signal) {
    if (this.#covering(device, monitor, at) !== undefined) return this.nearest(device, monitor, at, { signal });
    const answer = await this.#get("/api/captures" + query({ to: iso(at + 1000), device, monitor, order: "newest", limit: 1 }), { signal, priority: "low" });
    return this.#read(answer).items[0] ?? null;
  }

  /**
   * Asks for the newest capture of a monitor.
   * @param {string} device @param {number} monitor
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<Capture | null>}
   */
  async newest(device, monitor, options = {}) {
    const answer = await this.#get("/api/captures" + query({ device, monitor, order: "newest", limit: 1 }), options);
    const [capture] = this.#read(answer).items;
    if (capture === undefined) return null;
    this.add(capture);
    return capture;
  }

  /**
   * Forgets a capture: it was deleted.
   * @param {string} id
   */
  forget(id) {
    this.#gone.add(id);
    for (const stretches of this.#lanes.values()) {
      for (const stretch of stretches) stretch.items = stretch.items.filter((capture) => capture.id !== id);
    }
  }

  /** Forgets what is after the newest capture that is known, so that it is asked for again. */
  stale() {
    for (const stretches of this.#lanes.values()) {
      for (const stretch of stretches) stretch.asked = 0;
    }
  }

  /** @param {Capture} capture @returns {Stretch} */
  #stretch(capture) {
    const at = timeOf(capture);
    let found = this.#covering(capture.device, capture.monitor_index, at);
    if (found === undefined || !found.items.some((item) => item.id === capture.id)) {
      this.add(capture);
      found = /** @type {Stretch} */ (this.#covering(capture.device, capture.monitor_index, at));
    }
    found.used = ++this.#tick;
    return found;
  }

  /** @param {string} device @param {number} monitor @param {Micros} at */
  #covering(device, monitor, at) {
    return this.#lanes.get(laneKey(device, monitor))?.find((stretch) => stretch.from <= at && at <= stretch.to && (stretch.from < stretch.to || stretch.items.length > 0));
  }

  /** @param {Capture} capture @param {Stretch} stretch @param {number} i @param {number} direction */
  #extend(capture, stretch, i, direction) {
    const short = direction > 0 ? stretch.to !== Infinity && i > stretch.items.length - near : stretch.from !== -Infinity && i < near;
    if (!short) return;
    this.#more(capture, stretch, direction).then(
      () => this.dispatchEvent(new Event("more")),
      () => {}, // It is asked for again when it is needed.
    );
  }

  /**
   * Fetches what is beyond a stretch. Several may wait for it, and none of them ends it.
   * @param {Capture} capture @param {Stretch} stretch @param {number} direction
   */
  #more(capture, stretch, direction) {
    const { device, monitor_index: monitor } = capture;
    const edge = direction > 0 ? stretch.items.at(-1) : stretch.items[0];
    const at = edge === undefined ? timeOf(capture) : timeOf(edge);
    return this.#once(`${direction} ${at} ${laneKey(device, monitor)}`, () => this.#page(device, monitor, at, direction, page, {}));
  }

  /**
   * @param {string} device @param {number} monitor @param {Micros} at
   * @param {{signal?: AbortSignal, priority?: "high" | "low"}} options
   */
  async #load(device, monitor, at, options) {
    await Promise.all([this.#page(device, monitor, at, 1, half, options), this.#page(device, monitor, at, -1, half, options)]);
  }

  /**
   * Several who need the same wait for one answer. It is not cancelled by one of them.
   * @param {string} key @param {() => Promise<void>} fetch
   */
  #once(key, fetch) {
    let coming = this.#coming.get(key);
    if (coming === undefined) {
      coming = fetch().finally(() => this.#coming.delete(key));
      this.#coming.set(key, coming);
    }
    return coming;
  }

  /**
   * @param {string} device @param {number} monitor @param {Micros} at
   * @param {number} direction @param {number} limit
   * @param {{signal?: AbortSignal | undefined, priority?: "high" | "low"}} options
   */
  async #page(device, monitor, at, direction, limit, options) {
    // The earlier ones include those of this very microsecond.
    const range = direction > 0 ? { from: iso(at), order: "oldest" } : { to: iso(at + 1), order: "newest" };
    const { items, more } = this.#read(await this.#get("/api/captures" + query({ ...range, device, monitor, limit }), /** @type {any} */ (options)));
    const last = items.at(-1);
    const end = last !== undefined && more ? timeOf(last) : direction * Infinity;
    items.sort(order);
    this.#put(device, monitor, {
      from: direction > 0 ? at : end,
      to: direction > 0 ? end : at,
      items,
      asked: direction > 0 ? Date.now() : 0,
      used: ++this.#tick,
    });
  }

  /** @param {{items: Capture[] | null, next?: string}} answer */
  #read(answer) {
    const items = (answer.items ?? []).filter((capture) => !this.#gone.has(capture.id));
    return { items, more: answer.next !== undefined };
  }

  /** @param {string} device @param {number} monitor @param {Stretch} stretch */
  #put(device, monitor, stretch) {
    const key = laneKey(device, monitor);
    this.#lanes.set(key, merge(this.#lanes.get(key) ?? [], stretch));
    this.#prune();
  }

  /** Lets go of the stretches that were not used for longest. */
  #prune() {
    const all = [...this.#lanes].flatMap(([key, stretches]) => stretches.map((stretch) => ({ key, stretch })));
    let count = all.reduce((sum, { stretch }) => sum + stretch.items.length, 0);
    if (count <= kept) return;
    all.sort((a, b) => a.stretch.used - b.stretch.used);
    for (const { key, stretch } of all.slice(0, -1)) {
      if (count <= kept) return;
      count -= stretch.items.length;
      this.#lanes.set(key, (this.#lanes.get(key) ?? []).filter((other) => other !== stretch));
    }
  }
}
