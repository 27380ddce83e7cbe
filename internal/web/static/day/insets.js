// The other monitors of the device, at the same time.

import { getJSON } from "../base/api.js";
import { h, set } from "../base/dom.js";
import { clock } from "../base/time.js";
import { timeOf } from "./chapters.js";
import { pictureURL } from "./frames.js";
import { shown as events } from "./moment.js";

const rest = 160; // ms
const far = 300_000_000; // from the moment, beyond which a picture says its time
const wide = "(min-width: 2400px) and (min-height: 1200px)";

/**
 * @param {HTMLElement} element #insets
 * @param {{moment: import("./moment.js").Moment, timeline: import("./data.js").Timeline, zone: string}} options
 */
export function mountInsets(element, { moment, timeline, zone }) {
  /** @type {Map<string, {button: HTMLButtonElement, image: HTMLImageElement, label: HTMLElement, capture: Capture | null}>} */
  const shown = new Map();
  const abreast = matchMedia(wide);
  let timer = 0;
  let abort = new AbortController();

  function soon() {
    abort.abort();
    clearTimeout(timer);
    timer = setTimeout(() => void draw(), rest);
  }

  async function draw() {
    abort = new AbortController();
    const { signal } = abort;
    const { at, device, monitor } = moment.current;
    const others = timeline.lanes.filter((lane) => lane.device === device && lane.monitor !== monitor);
    const keys = new Set(others.map((lane) => `${lane.monitor}\n${lane.device}`));
    for (const [key, inset] of shown) {
      if (keys.has(key)) continue;
      inset.button.remove();
      shown.delete(key);
    }
    document.body.classList.toggle("abreast", abreast.matches && others.length > 0);
    for (const lane of others) {
      let capture;
      try {
        capture = await moment.chapters.nearest(device, lane.monitor, at, { signal, earlier: true, priority: "low" });
      } catch {
        continue; // The one that is shown stays.
      }
      if (signal.aborted) return;
      put(lane, capture, at);
    }
  }

  /** @param {{device: string, monitor: number}} lane @param {Capture | null} capture @param {Micros} at */
  function put(lane, capture, at) {
    const key = `${lane.monitor}\n${lane.device}`;
    let inset = shown.get(key);
    if (capture === null) {
      inset?.button.remove();
      shown.delete(key);
      return;
    }
    if (inset === undefined) {
      const image = h("img", { alt: "", decoding: "async", width: 320, height: 180 });
      const label = h("span");
      const button = h("button", { type: "button", class: "inset", onclick: () => swap(key) }, image, label);
      inset = { button, image, label, capture: null };
      shown.set(key, inset);
      image.addEventListener("error", () => button.classList.add("inset-broken"));
      image.addEventListener("load", () => button.classList.remove("inset-broken"));
      element.append(button);
    }
    const taken = timeOf(capture);
    const name = `Monitor ${lane.monitor + 1}`;
    inset.label.textContent = Math.abs(taken - at) > far ? `${name}, ${clock(taken, zone)}` : name;
    set(inset.button, { "aria-label": `Show ${name.toLowerCase()}`, title: capture.window_title || capture.app_name });
    inset.button.dataset["capture"] = capture.id;
    if (inset.capture?.id === capture.id && inset.image.dataset["large"] === String(abreast.matches)) return;
    inset.capture = capture;
    inset.image.dataset["large"] = String(abreast.matches);
    // A large one can be read: it is blurred when it has secrets, and until that is known.
    const { classList } = inset.button;
    classList.toggle("inset-secret", abreast.matches);
    if (abreast.matches) {
      getJSON(`/api/captures/${encodeURIComponent(capture.id)}/text`, { priority: "low" }).then((text) => {
        const secret = text.words.some((/** @type {{masked: boolean}} */ word) => word.masked);
        if (shown.get(key)?.capture?.id === capture.id && !secret) classList.remove("inset-secret");
      }, () => {}); // It stays blurred.
    }
    inset.image.src = abreast.matches ? pictureURL(capture.id, 1920) : `/api/captures/${capture.id}/thumbnail`;
  }

  /** @param {string} key */
  function swap(key) {
    const capture = shown.get(key)?.capture;
    if (capture) void moment.go({ capture });
  }

  for (const type of events) moment.addEventListener(type, soon);
  timeline.addEventListener("update", soon);
  abreast.addEventListener("change", soon);
  soon();
}
