// The cards of a search: each shows the part of its picture that has the words, and
// steps through the frames of its session.
import { getJSON, query } from "../base/api.js";
import { get, h } from "../base/dom.js";
import { clock, dayOf, fromISO, iso } from "../base/time.js";
import { crop, frameAt, source } from "./crop.js";

/**
 * @typedef {{id: string, at: Micros, width: number, height: number, boxes: Rect[]}} Frame
 * @typedef {Frame & {from: Micros, to: Micros, count: number, device: string, monitor: number}} CardData
 * @typedef {{zone: string, now: Micros, own: boolean, query: string, results: CardData[]}} SearchData
 */

/** Pictures that load at once. */
const atOnce = 4;

/** Loads pictures, a few at a time: those asked for last come first. */
class Loader {
  /** @type {{url: string, signal: AbortSignal, done: (image: HTMLImageElement) => void, failed: () => void}[]} */
  #waiting = [];
  #running = 0;

  /**
   * @param {string} url
   * @param {AbortSignal} signal
   * @returns {Promise<HTMLImageElement>} decoded
   */
  load(url, signal) {
    return new Promise((done, failed) => {
      this.#waiting.push({ url, signal, done, failed });
      this.#next();
    });
  }

  #next() {
    while (this.#running < atOnce) {
      const job = this.#waiting.pop();
      if (job === undefined) return;
      if (job.signal.aborted) {
        job.failed();
        continue;
      }
      this.#running++;
      const image = h("img", { alt: "", draggable: "false", src: job.url });
      const stop = () => image.removeAttribute("src");
      job.signal.addEventListener("abort", stop, { once: true });
      image.decode().then(() => job.done(image), job.failed).finally(() => {
        job.signal.removeEventListener("abort", stop);
        this.#running--;
        this.#next();
      });
    }
  }
}

/** @type {Map<string, Promise<Rect[]>>} by capture: where its secrets are */
const secrets = new Map();

/**
 * Where the secrets of a capture are, in pixels of its picture.
 * @param {string} id
 */
function secretsOf(id) {
  let known = secrets.get(id);
  if (known === undefined) {
    known = getJSON(`/api/captures/${encodeURIComponent(id)}/text`, { priority: "low" })
      .then((/** @type {{words: {masked: boolean, box: Rect}[]}} */ text) => text.words.filter((word) => word.masked).map((word) => word.box));
    known.catch(() => secrets.delete(id)); // the next try asks again
    secrets.set(id, known);
  }
  return known;
}

class Card {
  /** @type {Frame[] | null} the oldest first */
  #frames = null;
  #index = 0;
  #asked = false;
  #wanted = new AbortController();

  /**
   * @param {HTMLElement} element
   * @param {CardData} data
   * @param {SearchData} page
   * @param {Loader} loader
   */
  constructor(element, data, page, loader) {
    this.element = element;
    this.data = data;
    this.page = page;
    this.loader = loader;
    this.window = get(".crop", element);
    this.link = /** @type {HTMLAnchorElement} */ (get("a.open", element));
    this.step = get(".step", element);
    this.label = this.link.getAttribute("aria-label") ?? "";
    if (data.count > 1) this.#listen();
  }

  #listen() {
    this.link.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      void this.#fetch().then((frames) => this.go(Math.min(frames.length - 1, Math.max(0, this.#index + by))));
    });
    this.window.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") return;
      const bounds = this.window.getBoundingClientRect();
      const part = (event.clientX - bounds.left) / bounds.width;
      void this.#fetch().then((frames) => {
        if (this.window.matches(":hover")) this.go(frameAt(part, frames.length));
      });
    });
    this.window.addEventListener("pointerleave", () => {
      if (this.#frames !== null && document.activeElement !== this.link) this.go(this.#frames.length - 1);
    });
  }

  /** Fetches the frames of the session, once. @returns {Promise<Frame[]>} */
  async #fetch() {
    if (this.#frames !== null || this.#asked) return this.#frames ?? [this.data];
    this.#asked = true;
    const { from, to, device, monitor } = this.data;
    const terms = [this.page.query, device === "" ? "" : `device:"${device.replaceAll('"', "'")}"`, `monitor:${monitor}`, `after:${iso(from)}`, `before:${iso(to + 1)}`];
    try {
      const found = await getJSON("/api/search" + query({ q: terms.join(" "), group: "none", limit: 200, tz: this.page.zone }));
      /** @type {Frame[]} */
      const frames = found.items.map((/** @type {{capture: Capture, boxes: Rect[]}} */ r) => ({ id: r.capture.id, at: fromISO(r.capture.timestamp), width: r.capture.width, height: r.capture.height, boxes: r.boxes }));
      frames.reverse();
      this.#frames = frames.length === 0 ? [this.data] : frames;
      this.#index = this.#frames.length - 1;
    } catch {
      this.#asked = false; // the next try asks again
    }
    return this.#frames ?? [this.data];
  }

  /** @param {number} index */
  go(index) {
    const frame = this.#frames?.[index];
    if (frame === undefined || index === this.#index) return;
    this.#index = index;
    void this.show(frame);
  }

  /**
   * Shows a frame: its picture, its boxes, its time and its address change together.
   * @param {Frame} frame
   */
  async show(frame) {
    this.#wanted.abort();
    const wanted = this.#wanted = new AbortController();
    const view = { width: this.window.clientWidth, height: this.window.clientHeight };
    const at = crop(frame.boxes, frame, view);
    let image;
    try {
      image = await this.loader.load(source(frame.id, frame.width, at.scale, devicePixelRatio), wanted.signal);
    } catch {
      if (!wanted.signal.aborted) this.window.replaceChildren(h("span", { class: "crop-note" }, "The picture cannot be shown."));
      return;
    }
    if (wanted.signal.aborted) return;
    Object.assign(image.style, { left: `${at.x}px`, top: `${at.y}px`, width: `${frame.width * at.scale}px`, height: `${frame.height * at.scale}px` });
    image.alt = `Screenshot, ${clock(frame.at, this.page.zone)}`;
    const boxes = frame.boxes.map((box) => h("span", { class: "box", style: {
      left: `${at.x + box.x * at.scale - 2}px`, top: `${at.y + box.y * at.scale - 2}px`, width: `${box.width * at.scale}px`, height: `${box.height * at.scale}px`,
    } }));
    // Until its secrets are known the whole picture is blurred.
    this.window.classList.add("unread");
    this.window.replaceChildren(image, ...boxes);
    this.#name(frame);
    let masks;
    try {
      masks = await secretsOf(frame.id);
    } catch {
      return;
    }
    if (wanted.signal.aborted) return;
    image.after(...masks.slice(0, 1000).map((box) => h("span", { class: "crop-mask", style: {
      left: `${at.x + (box.x - 3) * at.scale}px`, top: `${at.y + (box.y - 3) * at.scale}px`, width: `${(box.width + 6) * at.scale}px`, height: `${(box.height + 6) * at.scale}px`,
    } })));
    if (masks.length <= 1000) this.window.classList.remove("unread");
  }

  /** @param {Frame} frame */
  #name(frame) {
    this.element.dataset.capture = frame.id;
    if (this.#frames === null) return;
    const to = new URL(this.link.href);
    to.pathname = "/day/" + dayOf(frame.at, this.page.zone);
    to.searchParams.set("at", iso(frame.at));
    for (const link of this.element.querySelectorAll("a")) link.href = to.href;
    const place = `${clock(frame.at, this.page.zone)}, ${this.#index + 1} of ${this.#frames.length}`;
    this.step.textContent = place;
    this.link.setAttribute("aria-label", `${this.label}, ${place}`);
  }

  /** Shows its frame anew, where the card has another size. */
  refresh() {
    void this.show(this.#frames?.[this.#index] ?? this.data);
  }
}

/**
 * Shows the pictures of all cards, each when it is about to be seen.
 * @param {SearchData} page
 */
export function mountCards(page) {
  const loader = new Loader();
  /** @type {Map<Element, Card>} */
  const cards = new Map();
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.reverse()) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      cards.get(entry.target)?.refresh();
    }
  }, { rootMargin: "300px" });
  document.querySelectorAll(".result").forEach((element, i) => {
    const data = page.results[i];
    if (data === undefined || !(element instanceof HTMLElement)) return;
    cards.set(element, new Card(element, data, page, loader));
    seen.observe(element);
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    for (const element of cards.keys()) seen.observe(element);
  });
  return cards;
}
