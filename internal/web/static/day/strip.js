// The strip: a small picture of each change of the app, the current one in the middle.

import { h } from "../base/dom.js";
import { clock, endOfDay, dayOf, startOfDay } from "../base/time.js";
import { shown as events } from "./moment.js";

const rest = 220; // ms
const most = 11; // on either side
const requests = 2; // at once

/** @typedef {import("./data.js").Mark} Mark */

/**
 * @param {HTMLElement} element #strip
 * @param {{moment: import("./moment.js").Moment, timeline: import("./data.js").Timeline, zone: string}} options
 */
export function mountStrip(element, { moment, timeline, zone }) {
  /** @type {Map<string, HTMLButtonElement>} by time and monitor */
  let shown = new Map();
  let timer = 0;
  let abort = new AbortController();
  let held = "";
  /** @type {Mark[]} of a monitor's day */
  let marks = [];

  function soon() {
    abort.abort();
    clearTimeout(timer);
    timer = setTimeout(() => void draw().catch(() => {}), rest);
  }

  async function draw() {
    if (getComputedStyle(element).display === "none") return;
    abort = new AbortController();
    const { signal } = abort;
    const { at, device, monitor } = moment.current;
    const day = dayOf(at, zone);
    const key = `${day} ${monitor}\n${device}`;
    if (key !== held) {
      const found = await timeline.appChanges(device, monitor, startOfDay(day, zone), endOfDay(day, zone));
      if (signal.aborted) return;
      marks = found;
      held = key;
    }
    const current = Math.max(0, marks.filter((mark) => mark.at <= at).length - 1);
    const from = Math.max(0, current - most);
    const part = marks.slice(from, current + most + 1);
    const next = new Map();
    for (const mark of part) {
      const name = `${mark.at} ${key}`;
      next.set(name, shown.get(name) ?? make(mark, device, monitor));
    }
    shown = next;
    const wanted = [...next.values()];
    if (wanted.length !== element.children.length || wanted.some((button, i) => element.children[i] !== button)) element.replaceChildren(...wanted);
    mark();
    const middle = wanted[current - from];
    if (middle) element.scrollLeft = middle.offsetLeft + middle.offsetWidth / 2 - element.clientWidth / 2;
    await load(wanted, middle, signal);
  }

  /** @param {Mark} mark @param {string} device @param {number} monitor */
  function make(mark, device, monitor) {
    const app = mark.app.startsWith("\u0000") || mark.app === "" ? "an app that nobody named" : mark.app;
    const time = clock(mark.at, zone, { seconds: false });
    const button = h("button", { type: "button", title: `${time} ${app}`, "aria-label": `${time}, ${app}`, onclick: () => void moment.go({ at: mark.at + 999, device, monitor }) },
      h("img", { alt: "", decoding: "async", width: 320, height: 180 }), h("span", { "aria-hidden": "true" }, time));
    button.dataset["at"] = String(mark.at);
    button.dataset["lane"] = `${monitor}\n${device}`;
    return button;
  }

  /**
   * Fetches the pictures that are not there, those nearest to the middle first.
   * @param {HTMLButtonElement[]} buttons @param {HTMLButtonElement | undefined} middle @param {AbortSignal} signal
   */
  async function load(buttons, middle, signal) {
    const centre = middle === undefined ? 0 : buttons.indexOf(middle);
    const missing = buttons.filter((button) => !button.querySelector("img")?.src)
      .sort((a, b) => Math.abs(buttons.indexOf(a) - centre) - Math.abs(buttons.indexOf(b) - centre));
    const { device, monitor } = moment.current;
    const worker = async () => {
      for (let button = missing.shift(); button !== undefined && !signal.aborted; button = missing.shift()) {
        const capture = await moment.chapters.at(device, monitor, Number(button.dataset["at"]) + 500, signal);
        const image = button.querySelector("img");
        if (capture !== null && image !== null) image.src = `/api/captures/${capture.id}/thumbnail`;
      }
    };
    await Promise.all(Array.from({ length: requests }, worker));
  }

  for (const type of events) {
    moment.addEventListener(type, () => {
      // While it plays, the current one moves on; the pictures wait.
      mark();
      soon();
    });
  }
  timeline.addEventListener("update", () => {
    held = "";
    soon();
  });
  new ResizeObserver(() => soon()).observe(element);

  function mark() {
    const { at } = moment.current;
    const buttons = [...shown.values()];
    const current = buttons.filter((button) => Number(button.dataset["at"]) <= at).length - 1;
    buttons.forEach((button, i) => (i === current ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current")));
  }

  soon();
}
