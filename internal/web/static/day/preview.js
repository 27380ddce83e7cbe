// What a place of the scrubber holds, above the pointer: a small picture, the time, and
// the app, the apps or the gap.

import { clock, dateText, duration } from "../base/time.js";
import { h } from "../base/dom.js";
import { Hole } from "./data.js";
import { reasonOf } from "./gaps.js";
import { appText, shares } from "./lanes.js";

const listed = 4;

/**
 * What a cell holds, in words.
 * @param {import("./lanes.js").Cell | null} cell
 * @returns {string[]}
 */
export function wordsOf(cell) {
  if (cell === null) return [];
  if (cell.kind === "hole") return [reasonOf(cell.state).words];
  if (cell.kind === "line") return cell.app === "" ? ["screen unchanged"] : [appText(cell.app), "screen unchanged"];
  if (cell.kind === "app") return [appText(cell.app)];
  const parts = shares(cell.spans);
  const lines = parts.slice(0, listed).map((part) => `${part.state === 0 ? appText(part.app) : reasonOf(part.state).words} ${duration(part.length)}`);
  if (parts.length > listed) lines.push(`and ${parts.length - listed} more`);
  return lines;
}

/** The preview. */
export class Preview {
  #timeline;
  #zone;
  #box;
  #picture;
  #time;
  #words;
  /** @type {{at: Micros, device: string, monitor: number, span: Micros} | null} */
  #shown = null;
  #bare = false;

  /** @param {HTMLElement} area @param {import("./data.js").Timeline} timeline @param {string} zone */
  constructor(area, timeline, zone) {
    this.#timeline = timeline;
    this.#zone = zone;
    this.#picture = h("canvas", { width: 480, height: 270, hidden: true });
    this.#time = h("b");
    this.#words = h("span");
    this.#box = h("div", { class: "scrub-preview", "aria-hidden": "true", hidden: true }, this.#picture, this.#time, this.#words);
    area.append(this.#box);
    timeline.addEventListener("tiles", () => this.#paint());
  }

  /**
   * @param {{x: number, width: number, left: number, at: Micros, device: string, monitor: number, span: Micros, cell: import("./lanes.js").Cell | null, date: boolean, bare?: boolean}} place left is where the scrubber begins in its area; bare: the picture is shown elsewhere
   */
  show(place) {
    const { x, width, left, at, cell } = place;
    const moved = this.#shown?.device !== place.device || this.#shown.monitor !== place.monitor;
    this.#shown = place;
    const time = clock(at, this.#zone);
    this.#time.textContent = place.date ? `${dateText(at, this.#zone)} ${time}` : time;
    this.#words.textContent = wordsOf(cell).join("\n");
    this.#box.dataset["kind"] = cell?.kind ?? "none";
    this.#box.hidden = false;
    const hole = cell?.kind === "hole" || (cell?.kind === "mixed" && cell.state > Hole.UNCHANGED);
    this.#bare = place.bare ?? false;
    if (hole || moved || this.#bare) this.#picture.hidden = true;
    if (!hole) this.#paint();
    const half = this.#box.offsetWidth / 2;
    const centre = Math.min(Math.max(x + left, half + 4), Math.max(width + left - half - 4, half + 4));
    this.#box.style.transform = `translateX(${Math.round(centre - half)}px)`;
  }

  hide() {
    this.#shown = null;
    this.#box.hidden = true;
  }

  #paint() {
    const canvas = this.#picture.getContext("2d");
    if (this.#shown === null || this.#bare || canvas === null || this.#box.dataset["kind"] === "hole") return;
    const { at, device, monitor, span } = this.#shown;
    if (this.#timeline.drawTile(canvas, at, device, monitor, span)) this.#picture.hidden = false;
  }
}
