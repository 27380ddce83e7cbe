// Playback: one capture after the other, on one monitor. And Live: the newest one.

import { announce } from "../base/notices.js";
import { duration } from "../base/time.js";
import { timeOf } from "./chapters.js";
import { Hole } from "./data.js";
import { reasonOf } from "./gaps.js";
import { shown } from "./moment.js";

const rates = [1, 2, 4, 8, 16]; // captures a second
const cardTime = 600; // ms
const gapLength = 90_000_000; // without a hole that says why
const poll = 2000; // ms

/** It fires "state" when it begins, ends, or changes its speed. */
export class Player extends EventTarget {
  playing = false;
  live = false;
  rate = 4;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #polling;
  #paused = false; // while the timeline is dragged
  /** @type {(() => void) | null} */
  #card = null;
  #run = 0;

  /**
   * @param {{moment: import("./moment.js").Moment, timeline: import("./data.js").Timeline, card: (card: FrameCard) => () => void}} options
   */
  constructor({ moment, timeline, card }) {
    super();
    this.moment = moment;
    this.timeline = timeline;
    this.card = card;
    moment.addEventListener("scrub", (event) => {
      const { by } = /** @type {CustomEvent} */ (event).detail;
      if (by === "play") return;
      this.stopLive();
      if (!this.playing) return;
      this.#paused = true;
      this.#stop();
    });
    for (const type of shown) {
      moment.addEventListener(type, (event) => {
        const { by } = /** @type {CustomEvent} */ (event).detail;
        if (by !== "live" && by !== "page") this.stopLive();
        this.#resume();
      });
    }
    moment.addEventListener("scrubend", () => this.#resume());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.pause();
      else if (this.live) void this.#ask();
    });
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.playing) return;
    this.stopLive();
    this.playing = true;
    this.#paused = false;
    this.#tell();
    this.#soon(0);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.#paused = false;
    this.#stop();
    if (this.moment.scrubbing !== null) void this.moment.settle();
    this.#tell();
  }

  /** @param {1 | -1} by */
  speed(by) {
    const place = Math.min(Math.max(rates.indexOf(this.rate) + by, 0), rates.length - 1);
    this.rate = rates[place] ?? 4;
    announce(`${this.rate} captures a second`);
    this.#tell();
  }

  toggleLive() {
    if (this.live) {
      this.stopLive();
      return;
    }
    this.pause();
    this.live = true;
    this.#tell();
    void this.#ask();
  }

  stopLive() {
    if (!this.live) return;
    this.live = false;
    clearTimeout(this.#polling);
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("state"));
  }

  #stop() {
    this.#run++;
    clearTimeout(this.#timer);
    this.#card?.();
    this.#card = null;
  }

  #resume() {
    if (!this.playing || !this.#paused) return;
    this.#paused = false;
    this.#soon(1000 / this.rate);
  }

  /** @param {number} wait ms */
  #soon(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tick(), Math.max(0, wait));
  }

  async #tick() {
    const run = ++this.#run;
    const began = performance.now();
    const { moment } = this;
    const base = moment.target;
    const next = await moment.peek(1).catch(() => null);
    if (run !== this.#run || !this.playing) return;
    if (base === null || next === null) {
      announce("This is the last capture.");
      this.pause();
      return;
    }
    const gap = this.#gap(base, next);
    if (gap !== null && this.#card === null) {
      this.#card = this.card(gap);
      this.#soon(cardTime);
      return;
    }
    const ready = moment.ready(next);
    const shown = moment.step(1, { by: "play" });
    if (ready) await shown;
    // A picture that is late does not stop time: a small one stands for it.
    else moment.preview(next);
    this.#card?.();
    this.#card = null;
    if (run === this.#run && this.playing) this.#soon(1000 / this.rate - (performance.now() - began));
  }

  /**
   * The card of what is between two captures; null where there is nothing to say.
   * @param {Capture} base @param {Capture} next
   * @returns {FrameCard | null}
   */
  #gap(base, next) {
    const [from, to] = [timeOf(base), timeOf(next)];
    if (to - from < 10_000_000) return null;
    const hole = this.timeline.holeAt(base.device, (from + to) / 2);
    if (hole === null && to - from < gapLength) return null;
    // An unchanged screen is no gap.
    if (hole?.state === Hole.UNCHANGED) return null;
    const reason = reasonOf(hole?.state ?? Hole.UNKNOWN);
    return { kind: "gap", icon: reason.icon, title: reason.name, text: `${duration(to - from)} without captures. ${reason.cause}` };
  }

  async #ask() {
    clearTimeout(this.#polling);
    if (!this.live || document.hidden) return;
    const { moment } = this;
    const { device, monitor } = moment.current;
    try {
      const newest = await moment.chapters.newest(device, monitor);
      if (this.live && newest !== null && newest.id !== moment.target?.id) {
        await moment.go({ capture: newest }, { by: "live" });
        void this.timeline.refresh().catch(() => {});
      }
    } catch {
      // It is asked again.
    }
    if (this.live) this.#polling = setTimeout(() => void this.#ask(), poll);
  }
}
