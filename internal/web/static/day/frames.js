// Pictures of captures, decoded before they are needed.

import { Failure, getBlob } from "../base/api.js";

const widths = [1280, 1920, 2560];
const slots = 4; // requests at once
const waiting = 3; // pictures somebody waits for: the latest; who asked before is too late
const pixel = 4; // bytes

/**
 * @typedef {object} Picture
 * @property {string} id
 * @property {HTMLImageElement} image decoded
 * @property {number} width of what was asked for; 0 is the original
 * @property {number} bytes when decoded
 * @property {() => void} close
 */

/**
 * @typedef {object} Job
 * @property {string} key
 * @property {Capture} capture
 * @property {number} width
 * @property {boolean} urgent somebody waits for it
 * @property {boolean} running
 * @property {AbortController} abort
 * @property {Promise<Picture>} done
 * @property {(picture: Picture) => void} resolve
 * @property {(reason: unknown) => void} reject
 */

/**
 * The offsets of the captures that are wanted next, the most wanted first.
 * @param {1 | -1} direction in which was stepped last
 * @param {boolean} held whether a key is held, or it plays
 * @returns {number[]}
 */
export function prefetchOrder(direction, held) {
  const ahead = held ? 12 : 6;
  const behind = held ? 0 : 3;
  const offsets = [];
  for (let i = 1; i <= ahead; i++) {
    offsets.push(i * direction);
    if (i % 2 === 0 && i / 2 <= behind) offsets.push((-i / 2) * direction);
  }
  return offsets;
}

/**
 * The width to ask for.
 * @param {number} stage how many pixels of the screen the picture has
 * @param {number} original how wide the capture is
 * @returns {number} one of the widths; the largest where none is enough
 */
export function fitWidth(stage, original) {
  const needed = Math.min(stage, original);
  return widths.find((width) => width >= needed * 0.98) ?? /** @type {number} */ (widths.at(-1));
}

/**
 * Keeps the things that were used last, up to a size, and closes the others.
 * @template {{bytes: number, close: () => void}} T
 */
export class LRU {
  /** @type {Map<string, T>} the one used last is last */
  #things = new Map();
  #size = 0;

  /** @param {number} limit bytes */
  constructor(limit) {
    this.limit = limit;
  }

  get size() {
    return this.#size;
  }

  get count() {
    return this.#things.size;
  }

  /** @param {string} key @returns {T | undefined} */
  get(key) {
    const thing = this.#things.get(key);
    if (thing !== undefined) {
      this.#things.delete(key);
      this.#things.set(key, thing);
    }
    return thing;
  }

  /**
   * Puts a thing, which stays however large it is until the next one comes.
   * @param {string} key @param {T} thing
   */
  put(key, thing) {
    this.delete(key);
    this.#things.set(key, thing);
    this.#size += thing.bytes;
    for (const [old, other] of this.#things) {
      if (this.#size <= this.limit || other === thing) break;
      this.delete(old);
    }
  }

  /** @param {string} key */
  delete(key) {
    const thing = this.#things.get(key);
    if (thing === undefined) return;
    this.#things.delete(key);
    this.#size -= thing.bytes;
    thing.close();
  }

  clear() {
    for (const key of [...this.#things.keys()]) this.delete(key);
  }
}

/** @param {string} id @param {number} width */
export const pictureURL = (id, width) => (width === 0 ? `/api/captures/${id}/image` : `/api/captures/${id}/fit?width=${width}`);

export class Frames {
  /** @type {LRU<Picture>} */
  #kept;
  /** @type {Map<string, Job>} in the order in which they are wanted */
  #jobs = new Map();
  #running = 0;
  #stage;
  #stats;

  /**
   * @param {{limit: number, stage: () => number, stats: Record<string, number>}} options
   *   limit: bytes of decoded pictures; stage: how many pixels wide pictures are shown
   */
  constructor({ limit, stage, stats }) {
    this.#kept = new LRU(limit);
    this.#stage = stage;
    this.#stats = stats;
    stats.images ??= 0;
    stats.cancelled ??= 0;
  }

  /** @param {Capture} capture the width that it is asked for in */
  width(capture) {
    return fitWidth(this.#stage(), capture.width || Infinity);
  }

  /**
   * The picture, if it is decoded.
   * @param {Capture} capture @param {number} [width]
   */
  peek(capture, width = this.width(capture)) {
    return this.#kept.get(`${capture.id} ${width}`);
  }

  /**
   * Takes a picture that came otherwise, such as with the page.
   * @param {Capture} capture @param {HTMLImageElement} image @param {number} width
   */
  keep(capture, image, width) {
    const bytes = image.naturalWidth * image.naturalHeight * pixel;
    this.#kept.put(`${capture.id} ${width}`, { id: capture.id, image, width, bytes, close() {} });
  }

  /**
   * The picture, before all others. It rejects with a Failure when there is none to be
   * had, and with an AbortError when too many came after it.
   * @param {Capture} capture @param {{width?: number}} [options] 0 is the original
   * @returns {Promise<Picture>}
   */
  async picture(capture, options = {}) {
    const width = options.width ?? this.width(capture);
    const kept = this.peek(capture, width);
    if (kept !== undefined) return kept;
    const key = `${capture.id} ${width}`;
    const job = this.#jobs.get(key) ?? this.#job(key, capture, width);
    job.urgent = true;
    const others = [...this.#jobs].filter(([other]) => other !== key);
    this.#jobs = new Map([[key, job], ...others]);
    const late = [...this.#jobs.values()].filter((other) => other.urgent && !other.running).slice(waiting);
    for (const other of late) this.#cancel(other);
    if (!job.running && this.#running >= slots) {
      const least = [...this.#jobs.values()].reverse().find((other) => other.running && !other.urgent);
      if (least !== undefined) this.#cancel(least);
    }
    this.#next();
    return job.done;
  }

  /**
   * What will be wanted, the most wanted first. What was, and is not any more, is
   * cancelled.
   * @param {Capture[]} captures
   */
  prefetch(captures) {
    const jobs = new Map([...this.#jobs].filter(([, job]) => job.urgent));
    for (const capture of captures) {
      const width = this.width(capture);
      const key = `${capture.id} ${width}`;
      if (this.peek(capture, width) !== undefined || jobs.has(key)) continue;
      jobs.set(key, this.#jobs.get(key) ?? this.#job(key, capture, width));
    }
    for (const [key, job] of this.#jobs) if (!jobs.has(key)) this.#cancel(job);
    this.#jobs = jobs;
    this.#next();
  }

  /** @param {string} id of a capture that was deleted */
  forget(id) {
    for (const job of this.#jobs.values()) if (job.capture.id === id) this.#cancel(job);
    for (const width of [0, ...widths]) this.#kept.delete(`${id} ${width}`);
  }

  /** Nothing that is on its way is wanted any more. */
  cancel() {
    for (const job of this.#jobs.values()) this.#cancel(job);
  }

  /** Lets go of everything. */
  drop() {
    this.cancel();
    this.#kept.clear();
  }

  /** @param {string} key @param {Capture} capture @param {number} width @returns {Job} */
  #job(key, capture, width) {
    const { promise, resolve, reject } = Promise.withResolvers();
    promise.catch(() => {}); // who waits for it hears of it
    const job = { key, capture, width, urgent: false, running: false, abort: new AbortController(), done: promise, resolve, reject };
    this.#jobs.set(key, job);
    return job;
  }

  /** @param {Job} job */
  #cancel(job) {
    this.#jobs.delete(job.key);
    if (job.running) this.#stats.cancelled = (this.#stats.cancelled ?? 0) + 1;
    job.abort.abort();
    job.reject(new DOMException("superseded", "AbortError"));
  }

  #next() {
    for (const job of this.#jobs.values()) {
      if (this.#running >= slots) return;
      if (!job.running) void this.#run(job);
    }
  }

  /** @param {Job} job */
  async #run(job) {
    job.running = true;
    this.#running++;
    try {
      const picture = await this.#load(job);
      if (job.abort.signal.aborted) {
        picture.close();
      } else {
        this.#kept.put(job.key, picture);
        job.resolve(picture);
      }
    } catch (error) {
      job.reject(error);
    } finally {
      this.#running--;
      if (this.#jobs.get(job.key) === job) this.#jobs.delete(job.key);
      this.#next();
    }
  }

  /** @param {Job} job @returns {Promise<Picture>} */
  async #load({ capture, width, urgent, abort }) {
    this.#stats.images = (this.#stats.images ?? 0) + 1;
    const blob = await getBlob(pictureURL(capture.id, width), { signal: abort.signal, priority: urgent ? "high" : "low", tries: urgent ? 3 : 1 });
    const image = new Image();
    image.decoding = "sync"; // it is decoded when it is put into the page
    image.src = URL.createObjectURL(blob);
    const close = () => URL.revokeObjectURL(image.src);
    try {
      await image.decode();
    } catch {
      close();
      throw new Failure("the image cannot be decoded: its file is damaged, or of a form that this browser does not show", 200, "undecodable");
    }
    return { id: capture.id, image, width, bytes: image.naturalWidth * image.naturalHeight * pixel, close };
  }
}
