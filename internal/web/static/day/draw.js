// Draws the ruler, the density and the lanes: at most a rectangle for every column.

import { Hole, MIXED, OTHER } from "./data.js";
import { reasonOf } from "./gaps.js";
import { appText } from "./lanes.js";
import { place } from "./ruler.js";

/**
 * @typedef {object} Theme the colours of tokens.css as they are now
 * @property {string} sunken
 * @property {string} surface
 * @property {string} ink
 * @property {string} secondary
 * @property {string} border
 * @property {string} line
 * @property {string} danger
 * @property {string} warning
 * @property {string} onLane what is written on a lane's colour
 * @property {string[]} lanes grey, then the eight
 * @property {string} mixed
 * @property {string} font
 * @property {number} text pixels
 * @property {boolean} forced the person's own few colours
 *
 * @typedef {object} Row
 * @property {string} device
 * @property {number[]} monitors
 * @property {number} y
 * @property {number} height
 * @property {boolean} current the playhead is on it
 * @property {string} name written into it; empty where it stands beside it
 * @property {import("./lanes.js").Cell[]} cells
 *
 * @typedef {object} Scene all that is drawn
 * @property {number} width pixels of CSS
 * @property {number} height
 * @property {number} ruler the height of the ruler
 * @property {number} density the height of the density
 * @property {import("./ruler.js").View} view
 * @property {import("./ruler.js").Mark[]} marks
 * @property {Float32Array} counts captures a minute, of each column
 * @property {Row[]} rows
 */

/** @param {HTMLElement} element @returns {Theme} */
export function themeOf(element) {
  const style = getComputedStyle(element);
  /** @param {string} name */
  const token = (name) => style.getPropertyValue("--" + name).trim();
  const font = style.fontFamily;
  const text = Math.round(parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.72);
  if (matchMedia("(forced-colors: active)").matches) {
    const lanes = ["GrayText", ...Array.from({ length: 8 }, () => "CanvasText")];
    return { sunken: "Canvas", surface: "Canvas", ink: "CanvasText", secondary: "CanvasText", border: "CanvasText", line: "GrayText", danger: "CanvasText", warning: "CanvasText", onLane: "Canvas", lanes, mixed: "GrayText", font, text, forced: true };
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const lanes = [token("lane-other"), ...Array.from({ length: 8 }, (_, i) => token(`lane-${i + 1}`))];
  return {
    sunken: token("sunken"), surface: token("surface"), ink: token("ink"), secondary: token("secondary"), border: token("border"), line: token("line"),
    danger: token("danger"), warning: token("warning"), onLane: dark ? token("sunken") : token("surface"), lanes, mixed: token("lane-mixed"), font, text, forced: false,
  };
}

/** Patterns are made once for a theme and a device-pixel-ratio. */
export class Painter {
  /** @type {Map<string, CanvasPattern | string>} */
  #patterns = new Map();
  /** @type {Map<string, number>} */
  #widths = new Map();

  /** @param {CanvasRenderingContext2D} canvas @param {Theme} theme @param {number} ratio @param {(app: string) => number} slotOf */
  constructor(canvas, theme, ratio, slotOf) {
    this.canvas = canvas;
    this.theme = theme;
    this.ratio = ratio;
    this.slotOf = slotOf;
  }

  /** @param {Scene} scene */
  draw(scene) {
    const { canvas, theme, ratio } = this;
    canvas.setTransform(ratio, 0, 0, ratio, 0, 0);
    canvas.font = `${theme.text}px ${theme.font}`;
    canvas.textBaseline = "middle";
    canvas.fillStyle = theme.sunken;
    canvas.fillRect(0, 0, scene.width, scene.height);
    this.#density(scene);
    for (const row of scene.rows) this.#row(row);
    this.#ruler(scene);
  }

  /** @param {number} x to whole pixels of the screen */
  #snap(x) {
    return Math.round(x * this.ratio) / this.ratio;
  }

  /** @param {Scene} scene */
  #ruler(scene) {
    const { canvas, theme } = this;
    canvas.fillStyle = theme.surface;
    canvas.fillRect(0, 0, scene.width, scene.ruler);
    canvas.fillStyle = theme.line;
    canvas.fillRect(0, scene.ruler - 1, scene.width, 1);
    const hair = 1 / this.ratio;
    let free = 0; // where the last text ends
    const days = scene.marks.filter((mark) => mark.day).map((mark) => place(scene.view, scene.width, mark.at));
    for (const mark of scene.marks) {
      const x = this.#snap(place(scene.view, scene.width, mark.at));
      canvas.fillStyle = mark.day ? theme.border : theme.line;
      canvas.fillRect(x, mark.day ? 0 : scene.ruler - 5, Math.max(hair, mark.day ? 1 : hair), mark.day ? scene.height : 5);
      if (!mark.day) {
        canvas.globalAlpha = 0.5;
        canvas.fillRect(x, scene.ruler, hair, scene.density);
        canvas.globalAlpha = 1;
      }
      const width = this.#width(mark.text);
      const start = x + 4;
      const crowds = !mark.day && days.some((day) => day > x && day < start + width + 6);
      if (start < free || crowds || start + width > scene.width) continue;
      canvas.fillStyle = mark.day ? theme.ink : theme.secondary;
      canvas.fillText(mark.text, start, scene.ruler / 2);
      free = start + width + 8;
    }
  }

  /** @param {Scene} scene */
  #density({ width, ruler, density, counts }) {
    const { canvas, theme } = this;
    const most = counts.reduce((a, b) => Math.max(a, b), 6);
    const column = width / counts.length;
    const base = ruler + density - 2;
    canvas.fillStyle = theme.secondary;
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i] ?? 0;
      if (count <= 0) continue;
      const high = Math.max(1, (count / most) * (density - 5));
      canvas.fillRect(i * column, base - high, column, high);
    }
  }

  /** @param {Row} row */
  #row(row) {
    for (const cell of row.cells) {
      const x = this.#snap(cell.x);
      const width = Math.max(this.#snap(cell.x + cell.width) - x, 1 / this.ratio);
      if (cell.kind === "app") this.#app(cell, x, row.y, width, row.height);
      else if (cell.kind === "line") this.#line(cell.app, x, row.y, width, row.height);
      else if (cell.kind === "hole") this.#hole(cell.state, x, row.y, width, row.height);
      else this.#mixed(cell, x, row.y, width, row.height);
    }
    if (row.name !== "") this.#name(row);
  }

  /** @param {Row} row */
  #name({ name, current, y }) {
    const { canvas, theme } = this;
    const text = this.#fit(name, 140);
    const height = theme.text + 3;
    canvas.globalAlpha = 0.85;
    canvas.fillStyle = theme.surface;
    canvas.beginPath();
    canvas.roundRect(2, y + 1, this.#width(text) + 8, height, 3);
    canvas.fill();
    canvas.globalAlpha = 1;
    this.#write(text, 6, y + 1, 140, height, current ? theme.ink : theme.secondary);
  }

  /** @param {string} app */
  #colour(app) {
    if (app === MIXED) return this.theme.mixed;
    return this.theme.lanes[app === OTHER || app === "" ? 0 : this.slotOf(app)] ?? this.theme.mixed;
  }

  /** @param {import("./lanes.js").Cell} cell @param {number} x @param {number} y @param {number} width @param {number} height */
  #app(cell, x, y, width, height) {
    const { canvas, theme } = this;
    const edge = width > 6 ? 1 / this.ratio : 0; // apps of one colour are told apart
    canvas.fillStyle = this.#colour(cell.app);
    canvas.fillRect(x, y, width - edge, height);
    if (width < 44 || height < 13 || cell.app === MIXED) return;
    this.#write(appText(cell.app), x + 5, y, width - 10, height, theme.onLane);
  }

  /** @param {string} app @param {number} x @param {number} y @param {number} width @param {number} height */
  #line(app, x, y, width, height) {
    this.canvas.fillStyle = this.#colour(app);
    this.canvas.fillRect(x, this.#snap(y + height / 2 - 1), width, 2);
  }

  /** @param {import("./lanes.js").Cell} cell @param {number} x @param {number} y @param {number} width @param {number} height */
  #mixed(cell, x, y, width, height) {
    const { canvas, theme } = this;
    const half = this.#snap(height / 2);
    if (cell.state !== 0) this.#hole(cell.state, x, y, width, height);
    canvas.fillStyle = theme.mixed;
    canvas.fillRect(x, y, width, cell.state === 0 ? half : Math.min(3, half));
    if (cell.state !== 0) return;
    canvas.fillStyle = this.#colour(cell.app);
    canvas.fillRect(x, y + half, width, height - half);
  }

  /** @param {number} state @param {number} x @param {number} y @param {number} width @param {number} height */
  #hole(state, x, y, width, height) {
    const { canvas, theme } = this;
    const reason = reasonOf(state);
    canvas.fillStyle = this.#pattern(reason.key);
    canvas.fillRect(x, y, width, height);
    const colour = state === Hole.FAILED ? theme.danger : state === Hole.SPOOL_FULL ? theme.warning : theme.secondary;
    if (state === Hole.OFFLINE || state === Hole.RECORDING || state === Hole.FAILED || state === Hole.SPOOL_FULL) {
      if (width >= 4) {
        canvas.strokeStyle = colour;
        canvas.lineWidth = 1;
        canvas.setLineDash(state === Hole.OFFLINE || state === Hole.RECORDING ? [4, 3] : []);
        canvas.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
        canvas.setLineDash([]);
      }
    }
    if (width < 16 || height < 12) return;
    const words = width >= 30 + this.#width(reason.words) ? reason.words : width >= 30 + this.#width(reason.key) ? reason.words.split(",")[0] ?? "" : "";
    const room = words === "" ? 0 : this.#width(words) + 5;
    if (room > width - 22) return this.#icon(reason.path, colour, x + (width - 14) / 2, y + (height - 14) / 2, 0);
    const start = x + (width - 14 - room) / 2;
    this.#icon(reason.path, colour, start, y + (height - 14) / 2, room);
    if (words !== "") this.#write(words, start + 17, y, room + 4, height, state === Hole.FAILED || state === Hole.SPOOL_FULL ? colour : theme.ink);
  }

  /**
   * An icon of 14 pixels, on ground that keeps its pattern away from it.
   * @param {string} path @param {string} colour @param {number} x @param {number} y @param {number} room of what is written after it
   */
  #icon(path, colour, x, y, room) {
    const { canvas, theme } = this;
    canvas.save();
    canvas.fillStyle = theme.sunken;
    canvas.beginPath();
    canvas.roundRect(x - 2, y, 18 + room, 14, 3);
    canvas.fill();
    canvas.translate(x, y);
    canvas.scale(14 / 16, 14 / 16);
    canvas.strokeStyle = colour;
    canvas.lineWidth = 1.5;
    canvas.lineCap = "round";
    canvas.lineJoin = "round";
    canvas.stroke(new Path2D(path));
    canvas.restore();
  }

  /** @param {string} text @param {number} x @param {number} y @param {number} width @param {number} height @param {string} colour */
  #write(text, x, y, width, height, colour) {
    const { canvas } = this;
    canvas.fillStyle = colour;
    canvas.fillText(this.#fit(text, width), x, y + height / 2 + 0.5);
  }

  /** @param {string} text */
  #width(text) {
    let width = this.#widths.get(text);
    if (width === undefined) {
      if (this.#widths.size > 2000) this.#widths.clear();
      width = this.canvas.measureText(text).width;
      this.#widths.set(text, width);
    }
    return width;
  }

  /** @param {string} text @param {number} width @returns {string} text, cut where it is too long */
  #fit(text, width) {
    const short = text.slice(0, 80);
    if (short === text && this.#width(text) <= width) return text;
    let low = 0;
    let high = short.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#width(short.slice(0, middle) + "…") <= width) low = middle;
      else high = middle - 1;
    }
    return low < 2 ? "" : short.slice(0, low) + "…";
  }

  /** @param {string} key of a reason @returns {CanvasPattern | string} */
  #pattern(key) {
    let made = this.#patterns.get(key);
    if (made === undefined) {
      made = this.#make(key);
      this.#patterns.set(key, made);
    }
    return made;
  }

  /** @param {string} key @returns {CanvasPattern | string} */
  #make(key) {
    const { theme, ratio } = this;
    const size = 8;
    const tile = document.createElement("canvas");
    tile.width = tile.height = Math.round(size * ratio);
    const c = tile.getContext("2d");
    if (c === null) return theme.line;
    c.scale(tile.width / size, tile.height / size);
    c.fillStyle = c.strokeStyle = theme.secondary;
    c.lineWidth = 1;
    /** @param {number} alpha */
    const tint = (alpha) => {
      c.globalAlpha = alpha;
      c.fillRect(0, 0, size, size);
      c.globalAlpha = 1;
    };
    /** @param {string} path @param {number} alpha */
    const stroke = (path, alpha) => {
      c.globalAlpha = alpha;
      c.stroke(new Path2D(path));
    };
    switch (key) {
      case "paused":
        c.globalAlpha = 0.55;
        c.fillRect(1, 0, 2, size);
        break;
      case "idle":
        tint(0.16);
        break;
      case "locked":
        tint(0.28);
        break;
      case "suspended":
        tint(0.08);
        stroke("M0 2.5h8M0 6.5h8", 0.35);
        break;
      case "excluded":
        stroke("M-1 9L9 -1M-1 1L1 -1M7 9L9 7", 0.75);
        break;
      case "spool_full":
        c.strokeStyle = theme.warning;
        stroke("M0 0L8 8M8 0L0 8", 0.5);
        break;
      case "failed":
        c.fillStyle = theme.danger;
        tint(0.3);
        break;
      case "unknown":
        c.globalAlpha = 0.6;
        c.fillRect(1, 1, 1.5, 1.5);
        c.fillRect(5, 5, 1.5, 1.5);
        break;
      case "future":
        tint(0.04);
        break;
      case "loading":
        tint(0.1);
        stroke("M0 8L8 0", 0.2);
        break;
    }
    const pattern = this.canvas.createPattern(tile, "repeat");
    if (pattern === null) return theme.line;
    pattern.setTransform(new DOMMatrix().scale(size / tile.width, size / tile.height));
    return pattern;
  }
}
