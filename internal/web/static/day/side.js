// What is beside the scrubber: buttons for what wheels and pinches do, and the names of
// the lanes, which open to a lane for each monitor.

import { fill, h, icon } from "../base/dom.js";

/**
 * @typedef {object} Actions
 * @property {(direction: 1 | -1) => void} pan
 * @property {(factor: number) => void} zoom
 * @property {(x: number) => void} gaps
 * @property {(x: number) => void} colours
 * @property {(device: string) => void} toggle opens or closes the lanes of a device's monitors
 * @property {(device: string, monitor: number | null) => void} choose moves the playhead to another lane
 *
 * @typedef {{device: string, monitors: number[], y: number, height: number, current: boolean, open: boolean, first: boolean, several: boolean}} Label
 */

/** The column of names and buttons. */
export class Side {
  #box;
  #labels;
  #switcher;
  #actions;
  #shown = "";

  /** @param {HTMLElement} area @param {HTMLElement} scrubber @param {Actions} actions */
  constructor(area, scrubber, actions) {
    this.#actions = actions;
    /** @param {string} name @param {string} picture @param {(x: number) => void} run */
    const button = (name, picture, run) =>
      h("button", { type: "button", class: "button quiet icon-button", "aria-label": name, title: name, onclick: (/** @type {MouseEvent} */ event) => run(centre(event)) }, icon(picture));
    /** @param {MouseEvent} event */
    const centre = (event) => {
      const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
      return box.left + box.width / 2 - area.getBoundingClientRect().left;
    };
    this.#switcher = h("select", { class: "lane-switcher", "aria-label": "Device", onchange: () => actions.choose(this.#switcher.value, null) });
    this.#labels = h("div", { class: "lane-names" });
    this.#box = h("div", { class: "scrubber-side" },
      h("div", { class: "scrubber-tools", role: "group", "aria-label": "The timeline" },
        this.#switcher,
        button("Earlier", "previous", () => actions.pan(-1)),
        button("Later", "next", () => actions.pan(1)),
        button("Show more time", "minus", () => actions.zoom(2)),
        button("Show less time", "plus", () => actions.zoom(0.5)),
        button("Gaps", "unknown", actions.gaps),
        button("Colours", "palette", actions.colours)),
      this.#labels);
    area.insertBefore(this.#box, scrubber);
  }

  /** @param {Label[]} labels @param {string[]} devices @param {string} device the one of the playhead */
  show(labels, devices, device) {
    const key = JSON.stringify([labels, devices, device]);
    if (key === this.#shown) return;
    const focused = this.#labels.contains(document.activeElement) ? document.activeElement?.getAttribute("data-lane") : null;
    this.#shown = key;
    fill(this.#labels, ...labels.map((label) => this.#name(label)));
    if (focused) /** @type {HTMLElement | null} */ (this.#labels.querySelector(`[data-lane="${CSS.escape(focused)}"]`))?.focus({ preventScroll: true });
    fill(this.#switcher, ...devices.map((name) => h("option", { value: name, selected: name === device }, name)));
    this.#switcher.disabled = devices.length < 2;
  }

  /** @param {Label} label */
  #name(label) {
    const { device, monitors, current, open, first, several } = label;
    const opens = several && first;
    const monitor = open ? (monitors[0] ?? 0) : null;
    const text = open ? `Monitor ${(monitor ?? 0) + 1}` : device;
    const name = h("div", { class: "lane-name", style: { top: `${label.y}px`, height: `${label.height}px` }, "data-current": current },
      opens ? h("button", {
        type: "button", class: "lane-opener", "data-lane": "open " + device, "aria-expanded": String(open), "aria-label": `A lane for each monitor of ${device}`, title: "A lane for each monitor",
        onclick: () => this.#actions.toggle(device),
      }, icon("next")) : null,
      h("button", {
        type: "button", class: "lane-chooser", "data-lane": `${device} ${monitor}`, "aria-pressed": String(current), title: open ? `${device}, monitor ${(monitor ?? 0) + 1}` : device,
        onclick: () => this.#actions.choose(device, monitor),
      }, h("bdi", null, open && first ? `${device} · 1` : text)));
    return name;
  }
}
