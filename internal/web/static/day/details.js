// What opens over the scrubber: why there is a gap, which gaps there are, and which
// colour an app has. One is open at a time.

import { clock, dateText, dayOf, duration } from "../base/time.js";
import { fill, h, icon } from "../base/dom.js";
import { slots } from "./colours.js";
import { Hole } from "./data.js";
import { reasonOf, shownStates } from "./gaps.js";
import { wordsOf } from "./preview.js";
import { appText } from "./lanes.js";

const mostGaps = 12;
const mostApps = 8;

/** The popover #gap. */
export class Details {
  #box;
  #area;
  #zone;
  /** @type {HTMLElement | null} what had the focus before */
  #opener = null;

  /** @param {HTMLElement} box #gap @param {HTMLElement} area around it @param {string} zone */
  constructor(box, area, zone) {
    this.#box = box;
    this.#area = area;
    this.#zone = zone;
    box.setAttribute("role", "dialog");
    box.tabIndex = -1;
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    document.addEventListener("pointerdown", (event) => {
      const target = event.target;
      if (!this.open || !(target instanceof Node) || box.contains(target) || area.contains(target)) return;
      this.close();
    });
  }

  get open() {
    return !this.#box.hidden;
  }

  /** Which of the three is open. */
  get kind() {
    return this.open ? (this.#box.dataset["kind"] ?? "") : "";
  }

  close() {
    if (!this.open) return;
    const inside = this.#box.contains(document.activeElement);
    this.#box.hidden = true;
    if (inside) this.#opener?.focus({ preventScroll: true });
    this.#opener = null;
  }

  /**
   * Says why a device has a hole, from when to when, and what one can do.
   * @param {import("./data.js").HoleSpan} hole
   * @param {number} x where, in pixels of the area
   * @param {{focus: boolean, back?: () => void}} options back leads to the list it was opened from
   */
  hole(hole, x, { focus, back }) {
    const reason = reasonOf(hole.state);
    this.#show("hole", reason.name, x, focus, [
      h("p", { class: "gap-span" }, this.#spanText(hole), h("span", null, ` · ${hole.device}`)),
      h("p", null, reason.cause),
      h("p", { class: "gap-remedy" }, reason.remedy),
      back === undefined ? null : h("p", { class: "actions" }, h("button", { type: "button", class: "button", onclick: back }, icon("previous"), "All gaps")),
    ], reason.icon);
    this.#box.dataset["gap"] = reason.key;
  }

  /**
   * Lists what a mixed cell holds.
   * @param {import("./lanes.js").Cell} cell @param {string} device @param {number} x @param {boolean} focus
   */
  cell(cell, device, x, focus) {
    this.#show("cell", cell.kind === "mixed" ? "Several things" : (wordsOf(cell)[0] ?? ""), x, focus, [
      h("p", { class: "gap-span" }, this.#spanText(cell), h("span", null, ` · ${device}`)),
      h("ul", null, wordsOf(cell).map((line) => h("li", { dir: "auto" }, line))),
    ], "info");
  }

  /**
   * Lists the gaps of what is shown, so that each can be reached without a pointer.
   * @param {import("./data.js").HoleSpan[]} holes @param {number} x
   * @param {(hole: import("./data.js").HoleSpan) => void} choose
   */
  list(holes, x, choose) {
    const longest = [...holes].sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, mostGaps);
    const shown = longest.sort((a, b) => a.from - b.from || (a.device < b.device ? -1 : 1));
    const rest = holes.length - shown.length;
    this.#show("list", "Gaps", x, true, [
      holes.length === 0 ? h("p", null, "There are no gaps in what is shown.") : null,
      h("ul", { class: "gap-list" }, shown.map((hole) =>
        h("li", null, h("button", { type: "button", onclick: () => choose(hole) },
          icon(reasonOf(hole.state).icon),
          h("span", null, `${reasonOf(hole.state).name}, ${hole.device}`),
          h("span", { class: "gap-span" }, this.#spanText(hole)))))),
      rest > 0 ? h("p", null, `and ${rest} shorter ones: zoom in to see them.`) : null,
    ], "info");
  }

  /**
   * Shows which colour an app has, and lets the person choose another one.
   * @param {import("./colours.js").Colours} colours @param {string[]} apps of what is shown, the most used first @param {number} x
   */
  colours(colours, apps, x) {
    const shown = [...new Set([...apps.slice(0, mostApps), ...colours.apps])].slice(0, mostApps + 4);
    const states = shownStates.filter((state) => state !== Hole.RECORDING && state !== Hole.FUTURE);
    /** @param {string} app */
    const row = (app) => {
      const choose = h("select", {
        "aria-label": `The colour of ${appText(app)}`,
        onchange: () => {
          colours.choose(app, Number(choose.value));
          swatch.dataset["slot"] = choose.value;
        },
      }, Array.from({ length: slots + 1 }, (_, slot) => h("option", { value: slot, selected: slot === colours.slot(app) }, slot === 0 ? "Grey" : (names[slot - 1] ?? ""))));
      const swatch = h("span", { class: "swatch", "data-slot": colours.slot(app) });
      return h("li", null, swatch, h("span", { class: "app-name", dir: "auto" }, appText(app)), choose);
    };
    this.#show("colours", "Colours", x, true, [
      h("ul", { class: "app-list" }, shown.map(row)),
      h("p", null, "Other apps are grey. What you choose, this browser keeps."),
      h("p", { class: "actions" }, h("button", { type: "button", class: "button", onclick: () => { colours.reset(); this.colours(colours, apps, x); } }, icon("undo"), "Forget my choices")),
      h("details", null, h("summary", null, "What the patterns mean"),
        h("ul", { class: "gap-list" }, states.map((state) => h("li", null, icon(reasonOf(state).icon), h("span", null, `${reasonOf(state).name}: ${reasonOf(state).cause}`))))),
    ], "info");
  }

  /** @param {{from: Micros, to: Micros}} span */
  #spanText({ from, to }) {
    const zone = this.#zone;
    const day = dayOf(from, zone);
    const [start, end] = [clock(from, zone), clock(to, zone)];
    const length = duration(to - from);
    if (dayOf(to - 1, zone) === day) return `${start} to ${end} (${length})`;
    return `${dateText(from, zone)} ${start} to ${dateText(to, zone)} ${end} (${length})`;
  }

  /**
   * @param {string} kind @param {string} title @param {number} x @param {boolean} focus @param {(Node | null)[]} content @param {string} picture
   */
  #show(kind, title, x, focus, content, picture) {
    const box = this.#box;
    const inside = box.contains(document.activeElement);
    if (!inside && document.activeElement instanceof HTMLElement) this.#opener = document.activeElement;
    delete box.dataset["gap"];
    box.dataset["kind"] = kind;
    box.setAttribute("aria-label", title);
    fill(box,
      h("header", null, icon(picture), h("h2", null, title),
        h("button", { type: "button", class: "button quiet icon-button", "aria-label": "Close", onclick: () => this.close() }, icon("close"))),
      ...content);
    box.hidden = false;
    const width = this.#area.clientWidth;
    const half = box.offsetWidth / 2;
    box.style.left = `${Math.round(Math.min(Math.max(x - half, 8), Math.max(width - 2 * half - 8, 8)))}px`;
    if (focus || inside) box.focus({ preventScroll: true });
  }
}

/** What the eight colours of tokens.css are called. */
const names = ["Blue", "Orange", "Green", "Purple", "Rose", "Olive", "Teal", "Brown"];
