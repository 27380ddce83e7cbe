// The texts of captures, as far as they were asked for.

import { getJSON, query } from "../base/api.js";
import { layOut } from "./lines.js";

/** @typedef {{data: CaptureTextData, layout: import("./lines.js").Layout, weight: number, until: number}} Known */

/** How much is kept, in bytes as they are about in memory. */
const limit = 24 << 20;
/** How long the text of a capture that waits to be read is taken as it is, in ms. */
const waits = 5000;

/** The texts that were asked for last. */
export class Texts {
  /** @type {Map<string, Known>} the one used last is the last */
  #known = new Map();
  /** @type {Map<string, Promise<Known>>} */
  #coming = new Map();
  #weight = 0;
  #search = "";

  /** The query whose hits come with the texts; a new one forgets all. */
  get search() {
    return this.#search;
  }

  set search(text) {
    if (text === this.#search) return;
    this.#search = text;
    this.drop();
  }

  /**
   * What is there already.
   * @param {string} id
   * @returns {Known | null}
   */
  peek(id) {
    const known = this.#known.get(id);
    if (known === undefined || performance.now() > known.until) return null;
    this.#known.delete(id);
    this.#known.set(id, known);
    return known;
  }

  /**
   * @param {string} id
   * @param {{priority?: "high" | "low"}} [options]
   * @returns {Promise<Known>}
   */
  async get(id, options = {}) {
    const known = this.peek(id);
    if (known !== null) return known;
    const search = this.#search;
    const coming = this.#coming.get(id) ?? this.#fetch(id, search, options.priority ?? "auto");
    this.#coming.set(id, coming);
    try {
      return await coming;
    } finally {
      if (this.#coming.get(id) === coming) this.#coming.delete(id);
    }
  }

  /**
   * @param {string} id
   * @param {string} search
   * @param {"high" | "low" | "auto"} priority
   */
  async #fetch(id, search, priority) {
    /** @type {CaptureTextData} */
    const data = await getJSON(`/api/captures/${encodeURIComponent(id)}/text${query({ q: search })}`, { priority });
    const known = { data, layout: layOut(data), weight: 1000 + (data.text?.length ?? 0) * 6 + data.words.length * 200, until: data.state === "waiting" ? performance.now() + waits : Infinity };
    if (search === this.#search) this.#keep(id, known);
    return known;
  }

  /** @param {string} id @param {Known} known */
  #keep(id, known) {
    this.forget(id);
    this.#known.set(id, known);
    this.#weight += known.weight;
    for (const oldest of this.#known.keys()) {
      if (this.#weight <= limit || oldest === id) break;
      this.forget(oldest);
    }
  }

  /** @param {string} id */
  forget(id) {
    this.#weight -= this.#known.get(id)?.weight ?? 0;
    this.#known.delete(id);
  }

  drop() {
    this.#known.clear();
    this.#coming.clear();
    this.#weight = 0;
  }
}
