// What was searched for, on the picture and along time.

import { getJSON, query } from "../base/api.js";
import { h, icon } from "../base/dom.js";
import { bind, layer as onEscape } from "../base/keys.js";
import { announce } from "../base/notices.js";
import { fromISO } from "../base/time.js";
import { grown, place } from "./text.js";

/** The results that are asked for at once, and how often to find where one is. */
const page = 50;
const maxPages = 20;

/**
 * Shows the hits of a query until Escape.
 * @param {FrameViewer} viewer
 * @param {{moment: FrameMoment, texts: import("./texts.js").Texts, layer: import("./text.js").TextLayer, search: string, sort?: string, zone?: string}} options
 */
export function mountHighlights(viewer, options) {
  return new Highlights(viewer, options);
}

export class Highlights extends EventTarget {
  /** @type {Results | null} */
  #results = null;
  /** The query that came last with a moment: one that was hidden does not come back with each. */
  #told = "";

  /**
   * @param {FrameViewer} viewer
   * @param {{moment: FrameMoment, texts: import("./texts.js").Texts, layer: import("./text.js").TextLayer, search: string, sort?: string, zone?: string}} options
   */
  constructor(viewer, { moment, texts, layer, search, sort, zone }) {
    super();
    this.viewer = viewer;
    this.moment = moment;
    this.texts = texts;
    this.text = layer;
    this.sort = sort ?? "time";
    this.zone = zone ?? "";
    this.boxes = h("div", { class: "highlights", "aria-hidden": true, "data-capture": layer.id });
    viewer.content.append(this.boxes);
    this.count = h("span", { class: "hits-count", role: "status" });
    this.name = h("span", { class: "hits-query", dir: "auto" });
    this.bar = h("div", { class: "hits on-image", role: "group", "aria-label": "Hits of the search", hidden: true },
      icon("search"), this.name, this.count,
      h("button", { type: "button", class: "tool", "aria-label": "Previous hit (Shift+N)", title: "Previous hit (Shift+N)", onclick: () => void this.go(-1) }, icon("previous")),
      h("button", { type: "button", class: "tool", "aria-label": "Next hit (n)", title: "Next hit (n)", onclick: () => void this.go(1) }, icon("next")),
      h("button", { type: "button", class: "tool", "aria-label": "Hide the hits (Escape)", title: "Hide the hits (Escape)", onclick: () => this.clear() }, icon("close")));
    viewer.element.append(this.bar);
    for (const type of ["change", "broken"]) {
      moment.addEventListener(type, (event) => this.#change(/** @type {CustomEvent<MomentChange>} */ (event).detail));
    }
    moment.addEventListener("deleted", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.capture.id === this.boxes.dataset.capture) this.boxes.replaceChildren();
    });
    layer.addEventListener("text", (event) => this.#draw(/** @type {CustomEvent} */ (event).detail));
    bind({ key: "n", shift: false, help: "Next hit of the search", group: "Search", run: () => this.go(1) });
    bind({ key: "n", shift: true, help: "Previous hit of the search", group: "Search", run: () => this.go(-1) });
    onEscape(() => this.clear());
    this.#told = search;
    this.show(search);
  }

  get search() {
    return this.texts.search;
  }

  /**
   * Shows the hits of another query; none for an empty one.
   * @param {string} search
   */
  show(search) {
    if (search !== this.texts.search) this.#results = null;
    const changed = search !== this.texts.search;
    this.texts.search = search;
    this.bar.hidden = search === "";
    this.name.textContent = search;
    this.name.title = search;
    this.count.textContent = "";
    this.boxes.replaceChildren();
    const capture = this.moment.current.capture;
    if (changed && capture) this.text.again(capture);
  }

  /** @returns {boolean} whether there was something to take away */
  clear() {
    if (this.search === "") return false;
    this.bar.hidden = true;
    this.boxes.replaceChildren();
    this.texts.search = "";
    this.#told = "";
    this.#results = null;
    this.dispatchEvent(new Event("cleared"));
    this.moment.highlight = "";
    this.moment.dispatchEvent(new CustomEvent("highlight", { detail: { search: "" } }));
    return true;
  }

  /** @param {MomentChange} change */
  #change({ capture, highlight }) {
    if (capture.id !== this.boxes.dataset.capture) {
      this.boxes.dataset.capture = capture.id;
      this.boxes.replaceChildren();
      this.count.textContent = "";
    }
    if (highlight !== undefined && highlight !== this.#told) {
      this.#told = highlight;
      this.show(highlight);
    }
    // The text layer may have been first, with a text that was there.
    const known = this.texts.peek(capture.id);
    if (known !== null) this.#draw({ id: capture.id, data: known.data });
  }

  /** @param {{id: string, data: CaptureTextData}} text */
  #draw({ id, data }) {
    const capture = this.moment.current.capture;
    if (this.search === "" || capture === null || id !== capture.id) return;
    this.boxes.dataset.capture = id;
    const hits = data.hits ?? [];
    this.boxes.replaceChildren(...hits.flatMap((hit) => hit.boxes).slice(0, 2000).map((box) => h("div", { class: "highlight", style: place(grown(box, 1), capture) })));
    const inText = hits.length >= 2000 ? "2000 or more" : String(hits.length);
    this.count.textContent = hits.length > 0 ? `${inText} here` : data.state === "waiting" ? "not read yet" : "none on this screen";
    const first = hits[0]?.boxes[0];
    if (first !== undefined) this.viewer.reveal(first);
  }

  /**
   * Goes to the next moment that the search finds, in the order of its results.
   * @param {1 | -1} direction
   * @returns {boolean} whether there is a search
   */
  go(direction) {
    if (this.search === "") return false;
    void this.#go(direction);
    return true;
  }

  /** @param {1 | -1} direction */
  async #go(direction) {
    const capture = this.moment.current.capture;
    const results = (this.#results ??= new Results(this.search, this.sort, this.zone));
    try {
      const found = await results.beside(capture, direction);
      if (found === null) {
        announce(direction > 0 ? "There is no further hit" : "There is no hit before");
        this.count.textContent = direction > 0 ? "the last hit" : "the first hit";
        return;
      }
      await this.moment.go({ id: found.capture.id }, { jump: true });
      announce(`Hit ${results.at + 1}`);
    } catch (error) {
      this.count.textContent = error instanceof Error ? error.message : String(error);
    }
  }
}

/** @typedef {{capture: Capture, from: string, to: string, count: number}} Result */

/** The results of a search in their order, fetched as far as they are needed. */
export class Results {
  /** @type {Result[]} */
  #list = [];
  /** @type {string | null} */
  #cursor = "";
  /** The place of the one that was gone to last; -1 for none. */
  at = -1;

  /**
   * @param {string} search
   * @param {string} sort
   * @param {string} zone
   * @param {(path: string) => Promise<any>} [fetch]
   */
  constructor(search, sort, zone, fetch = getJSON) {
    this.search = search;
    this.sort = sort === "relevance" || sort === "best" ? "relevance" : "time";
    this.zone = zone;
    this.fetch = fetch;
  }

  /**
   * The result after or before the one that holds a capture. For a capture that no
   * result holds it is the one that is next in time, or beside the last.
   * @param {Capture | null} capture
   * @param {1 | -1} direction
   * @returns {Promise<Result | null>}
   */
  async beside(capture, direction) {
    let at = capture === null ? -1 : await this.#find(capture);
    if (at < 0) at = direction > 0 ? ~at - 1 : ~at;
    at += direction;
    if (at < 0) return null;
    while (at >= this.#list.length) {
      if (!(await this.#more())) return null;
    }
    this.at = at;
    return this.#list[at] ?? null;
  }

  /**
   * The place of the result that holds a capture, or ~ the place where it would be.
   * @param {Capture} capture
   */
  async #find(capture) {
    const time = fromISO(capture.timestamp);
    for (let i = 0, pages = 0; ; i++) {
      while (i >= this.#list.length) {
        if (pages++ >= maxPages || !(await this.#more())) return ~(this.at >= 0 && this.sort !== "time" ? this.at + 1 : this.#list.length);
      }
      const result = /** @type {Result} */ (this.#list[i]);
      const same = result.capture.device === capture.device && result.capture.monitor_index === capture.monitor_index;
      if (result.capture.id === capture.id || (same && fromISO(result.from) <= time && time <= fromISO(result.to))) return i;
      if (this.sort === "time" && fromISO(result.to) < time) return ~i;
    }
  }

  async #more() {
    if (this.#cursor === null) return false;
    const found = await this.fetch("/api/search" + query({ q: this.search, sort: this.sort, tz: this.zone, limit: page, cursor: this.#cursor }));
    this.#list.push(...found.items);
    this.#cursor = found.next ?? null;
    if (this.#cursor === "") this.#cursor = null;
    return found.items.length > 0;
  }
}

