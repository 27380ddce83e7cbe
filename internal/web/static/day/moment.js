// The moment that is looked at: picture, text, time and metadata as one unit. Whatever
// shows a part of it redraws in its one event, "change" or "broken", and at no other time.

import { iso } from "../base/time.js";
import { getJSON, query } from "../base/api.js";
import { timeOf } from "./chapters.js";
import { prefetchOrder } from "./frames.js";

const quick = 170; // ms between steps of a key that is held
const rest = 150; // ms until the original is fetched
const unchanged = 2; // jarvis.HoleUnchanged

/**
 * @typedef {object} Now
 * @property {Capture | null} capture
 * @property {Micros} at of the capture
 * @property {string} device
 * @property {number} monitor
 * @property {HTMLImageElement | ImageBitmap | null} image null where it is broken
 * @property {Micros} off how far the capture is after what was asked for
 * @property {string} reason why there is no image; empty where there is one
 */

/**
 * @typedef {{id: string} | {capture: Capture} | {at: Micros, device?: string, monitor?: number}} Place
 * @typedef {{jump?: boolean, by?: string, highlight?: string}} How
 *   jump: Back leads to where one was; by: who moves, "person" where not given, "play",
 *   "live" or "back"
 */

/** The events upon which whatever shows a part of the moment redraws. */
export const shown = ["change", "broken"];

/**
 * It fires
 *   "change" {capture, image, highlight, off, jump, by}: all of it is there;
 *   "broken" {capture, reason, code, off, jump, by}: all but the image, which will not come;
 *   "sharp" {capture, image}: the same picture in all its pixels;
 *   "scrub" {at, device, monitor, by, capture?}: a preview of a time, of small pictures only;
 *   "scrubend" {}: the preview is over, and a "change" follows or none will;
 *   "busy" {busy}; "missing" {at, device, monitor}: nothing is there;
 *   "edge" {direction}: there is nothing further; "failed" {error}.
 */
export class Moment extends EventTarget {
  /** @type {Now} */
  current;
  /** @type {import("./data.js").Timeline | null} */
  timeline = null;
  /** @type {{at: Micros, device: string, monitor: number} | null} what is previewed */
  scrubbing = null;
  highlight = "";

  /** @type {Capture | null} from where steps count: what was asked for last */
  #target = null;
  #era = 0; // what was asked for before the last jump is not shown any more
  #asked = 0;
  #shown = 0;
  #abort = new AbortController();
  /** @type {Promise<unknown>} steps go one after the other */
  #steps = Promise.resolve();
  #stepped = 0;
  #held = false;
  /** @type {1 | -1} */
  #direction = 1;
  #busy = false;
  #resting = 0;
  #late = false; // whether what is previewed is a picture that is on its way

  /**
   * @param {{chapters: import("./chapters.js").Chapters, frames: import("./frames.js").Frames, device: string, monitor: number, at: Micros, highlight?: string}} options
   */
  constructor({ chapters, frames, device, monitor, at, highlight }) {
    super();
    this.chapters = chapters;
    this.frames = frames;
    this.highlight = highlight ?? "";
    chapters.addEventListener("more", () => {
      const { capture } = this.current;
      if (capture !== null && this.scrubbing === null) this.#prefetch(capture);
    });
    this.current = { capture: null, at, device, monitor, image: null, off: 0, reason: "" };
  }

  /**
   * Begins with the capture that came with the page.
   * @param {Capture} capture @param {HTMLImageElement | null} image decoded; null where it is broken
   * @param {Micros} off
   */
  start(capture, image, off) {
    this.chapters.add(capture);
    this.#target = capture;
    if (image !== null) this.frames.keep(capture, image, this.frames.width(capture));
    this.#commit(capture, image, null, { off, by: "page" });
  }

  /**
   * Goes somewhere: the capture of an id, or the one that is nearest to a time.
   * @param {Place} to @param {How} [how]
   * @returns {Promise<boolean>} whether it is shown
   */
  async go(to, how = {}) {
    const era = this.#begin();
    const { signal } = this.#abort;
    this.#setBusy(true);
    try {
      const found = await this.#find(to, signal);
      if (era !== this.#era) return false;
      if (found === null) {
        this.#over();
        this.#fire("missing", to);
        return false;
      }
      const off = "at" in to ? timeOf(found) - to.at : 0;
      this.#held = false;
      return await this.#show(found, { ...how, off });
    } catch (error) {
      if (era === this.#era) this.#fail(error);
      return false;
    }
  }

  /**
   * Previews a time: only small pictures are shown, until settle or go.
   * @param {Micros} at @param {{device?: string, monitor?: number, by?: string}} [lane]
   */
  scrub(at, lane = {}) {
    if (this.scrubbing === null || this.#late) {
      // Nothing that was wanted before is fetched, or shown, while it lasts.
      this.#late = false;
      this.#begin();
      this.frames.cancel();
    }
    clearTimeout(this.#resting);
    this.scrubbing = { at, device: lane.device ?? this.scrubbing?.device ?? this.current.device, monitor: lane.monitor ?? this.scrubbing?.monitor ?? this.current.monitor };
    this.#fire("scrub", { ...this.scrubbing, by: lane.by ?? "person" });
  }

  /** Shows what is nearest to what was previewed. */
  async settle() {
    const to = this.scrubbing;
    if (to === null) return false;
    this.scrubbing = null;
    return this.go(to);
  }

  /** Ends a preview where it began. */
  cancelScrub() {
    if (this.scrubbing === null) return;
    this.scrubbing = null;
    this.#over();
  }

  /**
   * Steps over so many captures of this monitor.
   * @param {number} n @param {How} [how]
   * @returns {Promise<boolean>}
   */
  step(n, how = {}) {
    const direction = n < 0 ? -1 : 1;
    const now = performance.now();
    this.#held = how.by === "play" || (direction === this.#direction && now - this.#stepped < quick);
    this.#stepped = now;
    this.#direction = direction;
    return this.#from(direction, how, (base, signal) => this.chapters.neighbour(base, n, { signal }));
  }

  /**
   * Steps over a length of time, at least over one capture.
   * @param {Micros} length @param {How} [how]
   */
  stepTime(length, how = {}) {
    const direction = length < 0 ? -1 : 1;
    return this.#from(direction, how, async (base, signal) => {
      const found = await this.chapters.nearest(base.device, base.monitor_index, timeOf(base) + length, { signal });
      if (found !== null && (timeOf(found) - timeOf(base)) * direction > 0) return found;
      return this.chapters.neighbour(base, direction, { signal });
    });
  }

  /**
   * Steps to where the app changed before, or changes next.
   * @param {1 | -1} direction @param {How} [how]
   */
  stepApp(direction, how = {}) {
    return this.#from(direction, how, async (base, signal) => {
      const mark = await this.timeline?.appChange(base.device, base.monitor_index, timeOf(base), direction);
      if (!mark) return null;
      // A mark is cut to the millisecond: of those in it, the first of the mark's app.
      let found = await this.chapters.nearest(base.device, base.monitor_index, mark.at + 999, { signal, earlier: true });
      while (found !== null && found.app_name !== mark.app) {
        const earlier = await this.chapters.neighbour(found, -1, { signal });
        if (earlier === null || timeOf(earlier) < mark.at) break;
        found = earlier;
      }
      return found;
    });
  }

  /**
   * The next capture in time, as far as one is there, without going there.
   * @param {1 | -1} direction
   */
  async peek(direction) {
    return this.#target === null ? null : this.chapters.neighbour(this.#target, direction);
  }

  /**
   * Shows the small picture of a capture whose own is late, which replaces it when it
   * comes.
   * @param {Capture} capture
   */
  preview(capture) {
    this.scrubbing = { at: timeOf(capture), device: capture.device, monitor: capture.monitor_index };
    this.#late = true;
    this.#fire("scrub", { ...this.scrubbing, by: "play" });
  }

  /** Whether the picture of a capture is decoded. @param {Capture} capture */
  ready(capture) {
    return this.frames.peek(capture) !== undefined;
  }

  /** The capture that steps count from: shown, or about to be. */
  get target() {
    return this.#target;
  }

  /**
   * Fetches the picture in all its pixels: it is zoomed, or the screen has more of them.
   * @returns {Promise<void>}
   */
  async sharpen() {
    const { capture } = this.current;
    if (capture === null || this.current.image === null) return;
    const shown = this.#shown;
    try {
      const picture = await this.frames.picture(capture, { width: 0 });
      if (shown !== this.#shown || this.scrubbing !== null) return;
      this.current.image = picture.image;
      this.#fire("sharp", { capture, image: picture.image });
    } catch {
      // The one that is shown stays.
    }
  }

  /** Whether the original has more pixels than what is shown of it. */
  get canSharpen() {
    const { capture, image } = this.current;
    return capture !== null && image instanceof HTMLImageElement && capture.width > image.naturalWidth;
  }

  /** @returns {number} */
  #begin() {
    this.#abort.abort();
    this.#abort = new AbortController();
    return ++this.#era;
  }

  /**
   * @param {number} direction @param {How} how
   * @param {(base: Capture, signal: AbortSignal) => Promise<Capture | null>} find
   * @returns {Promise<boolean>}
   */
  #from(direction, how, find) {
    if (this.scrubbing !== null && how.by !== "play") this.cancelScrub();
    const era = this.#era;
    const { signal } = this.#abort;
    const found = this.#steps.then(async () => {
      const base = this.#target;
      if (era !== this.#era || base === null) return null;
      const next = await find(base, signal);
      if (era !== this.#era) return null;
      if (next === null || next.id === base.id) {
        this.#fire("edge", { direction, by: how.by ?? "person" });
        return null;
      }
      this.#target = next;
      return next;
    });
    this.#steps = found.catch(() => {});
    return found.then(
      (next) => next !== null && this.#show(next, how),
      (error) => {
        if (era === this.#era) this.#fail(error);
        return false;
      },
    );
  }

  /**
   * @param {Place} to @param {AbortSignal} signal
   * @returns {Promise<Capture | null>}
   */
  async #find(to, signal) {
    if ("capture" in to) {
      this.chapters.add(to.capture);
      return to.capture;
    }
    if ("id" in to) {
      const capture = /** @type {Capture} */ (await getJSON(`/api/captures/${encodeURIComponent(to.id)}`, { signal }));
      this.chapters.add(capture);
      return capture;
    }
    const { at, device = this.current.device, monitor = this.current.monitor } = to;
    // An unchanged screen is the capture before; in another hole the nearest one counts.
    const earlier = this.timeline?.holeAt(device, at)?.state === unchanged;
    const found = await this.chapters.nearest(device, monitor, at, { signal, earlier });
    if (found !== null) return found;
    const answer = await getJSON("/api/timeline/nearest" + query({ at: iso(at) }), { signal }).catch(notFound);
    if (answer?.capture) this.chapters.add(answer.capture);
    return answer?.capture ?? null;
  }

  /**
   * @param {Capture} capture @param {How & {off?: Micros}} how
   * @returns {Promise<boolean>}
   */
  async #show(capture, how) {
    const era = this.#era;
    const asked = ++this.#asked;
    this.#target = capture;
    clearTimeout(this.#resting);
    let picture = this.frames.peek(capture);
    /** @type {any} */
    let problem = null;
    if (picture === undefined) {
      this.#setBusy(true);
      try {
        picture = await this.frames.picture(capture);
      } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") return false;
        problem = error;
      }
    }
    // Later ones may be there already; what was asked for before a jump is too late.
    if (era !== this.#era || asked < this.#shown) return false;
    if (problem?.code === "offline") {
      this.#target = this.current.capture;
      this.#fail(problem);
      return false;
    }
    this.#shown = asked;
    this.#commit(capture, picture?.image ?? null, problem, how);
    return true;
  }

  /**
   * @param {Capture} capture @param {HTMLImageElement | ImageBitmap | null} image
   * @param {any} problem @param {How & {off?: Micros}} how
   */
  #commit(capture, image, problem, how) {
    const reason = image === null ? reasonOf(problem) : "";
    const off = how.off ?? 0;
    if (how.highlight !== undefined) this.highlight = how.highlight;
    this.scrubbing = null;
    this.#late = false;
    this.current = { capture, at: timeOf(capture), device: capture.device, monitor: capture.monitor_index, image, off, reason };
    const detail = { capture, image, off, jump: how.jump ?? false, by: how.by ?? "person", highlight: this.highlight };
    if (image === null) this.#fire("broken", { ...detail, reason, code: problem?.code ?? "unknown" });
    else this.#fire("change", detail);
    if (this.#target === capture) this.#setBusy(false);
    this.#prefetch(capture);
    if (how.by !== "play") this.#resting = setTimeout(() => this.#atRest(), rest);
  }

  /** @param {Capture} capture */
  #prefetch(capture) {
    const from = this.#held && this.#target ? this.#target : capture;
    const captures = this.chapters.around(from, prefetchOrder(this.#direction, this.#held));
    this.frames.prefetch(captures);
    this.#fire("near", { captures });
  }

  #atRest() {
    const { capture } = this.current;
    if (capture === null || this.scrubbing !== null) return;
    if (this.#held) {
      // The key was let go: what is behind is wanted as well.
      this.#held = false;
      this.#prefetch(capture);
    }
    this.#fire("rest", { capture });
  }

  /** A preview is over without anything new to show. */
  #over() {
    this.scrubbing = null;
    this.#target = this.current.capture;
    this.#setBusy(false);
    this.#fire("scrubend", {});
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#over();
    if (error instanceof DOMException && error.name === "AbortError") return;
    this.#fire("failed", { error });
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    if (this.#busy === busy) return;
    this.#busy = busy;
    this.#fire("busy", { busy });
  }

  /** @param {string} type @param {object} detail */
  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @param {any} error @returns {null} */
function notFound(error) {
  if (error?.status === 404) return null;
  throw error;
}

/**
 * Why a picture is not there, for people.
 * @param {any} problem
 */
export function reasonOf(problem) {
  switch (problem?.status) {
    case 404:
    case 410:
      return "This capture was deleted.";
    case 200:
      return "The image cannot be shown: " + problem.message + ".";
    case undefined:
      return "The image cannot be shown.";
    default:
      return `The image cannot be shown: ${problem.message}.`;
  }
}
