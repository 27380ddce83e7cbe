// The text of the picture, where it is: transparent words over it, which are selected
// and copied like any text, and patches over secrets.

import { h } from "../base/dom.js";
import { caret, nearest, onText } from "./lines.js";

/** @typedef {import("./lines.js").Piece} Piece */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./lines.js").Layout} Layout */
/** @typedef {import("./texts.js").Known} Known */

/** How long a picture rests before its text is fetched, in ms. */
const rest = 30;
/** How many texts are fetched at once for pictures that may be shown next, and of how many. */
const ahead = { atOnce: 4, most: 9 };
/** How many words are made in one go. */
const atOnce = 1000;
/** How much of a piece is an element's text; all of it is copied nonetheless. */
const maxShown = 2000;
/** The size at which texts are measured, in pixels. */
const measured = 100;

/**
 * Mounts the text layer. It fires "text" {id, known} on the returned target when the
 * text of the picture that is shown is there.
 * @param {FrameViewer} viewer
 * @param {{moment: FrameMoment, texts: import("./texts.js").Texts}} options
 */
export function mountText(viewer, options) {
  return new TextLayer(viewer, options);
}

export class TextLayer extends EventTarget {
  /** @type {Layout | null} */
  #layout = null;
  /** @type {Map<Node, Piece>} */
  #pieces = new Map();
  /** @type {Map<Piece, Text>} */
  #nodes = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {string[]} whose texts are wanted next */
  #next = [];
  #running = 0;
  /** @type {HTMLElement | null} */
  #notice = null;

  /**
   * @param {FrameViewer} viewer
   * @param {{moment: FrameMoment, texts: import("./texts.js").Texts}} options
   */
  constructor(viewer, { moment, texts }) {
    super();
    this.viewer = viewer;
    this.moment = moment;
    this.texts = texts;
    this.layer = h("div", { class: "text-layer", role: "group", "aria-label": "Text in the picture", translate: "no", spellcheck: "false", "data-capture": "" });
    this.masks = h("div", { class: "masks" });
    viewer.content.append(this.masks, this.layer);
    viewer.textAt = (x, y) => this.#over(x, y);
    for (const type of ["change", "broken"]) {
      moment.addEventListener(type, (event) => this.show(/** @type {CustomEvent<MomentChange>} */ (event).detail.capture));
    }
    moment.addEventListener("deleted", (event) => {
      const { id } = /** @type {CustomEvent<{capture: Capture}>} */ (event).detail.capture;
      if (id !== this.id) return;
      clearTimeout(this.#timer);
      this.#clear(id);
    });
    moment.addEventListener("near", (event) => {
      const { captures } = /** @type {CustomEvent<{captures: Capture[]}>} */ (event).detail;
      this.#next = captures.slice(0, ahead.most).map((c) => c.id);
      this.#fetchNext();
    });
    moment.addEventListener("scrub", () => getSelection()?.removeAllRanges());
    this.#selecting();
    if (moment.current.capture) this.show(moment.current.capture);
  }

  /** The capture whose text is shown. */
  get id() {
    return this.layer.dataset.capture ?? "";
  }

  /**
   * Shows the text of a capture: at once where it is known, else once the picture rests.
   * @param {Capture} capture
   */
  show(capture) {
    if (capture.id === this.id) return;
    clearTimeout(this.#timer);
    this.#clear(capture.id);
    const known = this.texts.peek(capture.id);
    if (known !== null) void this.#build(known, capture);
    else this.#timer = setTimeout(() => void this.#load(capture), rest);
  }

  /**
   * Shows the text of the same capture anew. What is there stays until then: secrets
   * stay blurred.
   * @param {Capture} capture
   */
  again(capture) {
    if (capture.id !== this.id) return this.show(capture);
    clearTimeout(this.#timer);
    void this.#load(capture);
  }

  /** @param {Capture} capture */
  async #load(capture) {
    try {
      const known = await this.texts.get(capture.id);
      if (this.id !== capture.id) return;
      this.#clear(capture.id);
      await this.#build(known, capture);
      await this.#prefetch(capture);
    } catch (error) {
      if (this.id !== capture.id) return;
      this.#ask(error);
      this.dispatchEvent(new CustomEvent("failed", { detail: { id: capture.id, error } }));
    }
  }

  /**
   * Fetches the texts of the pictures beside, so that what is secret there is blurred
   * from the first.
   * @param {Capture} capture
   */
  async #prefetch(capture) {
    for (const direction of /** @type {const} */ ([1, -1])) {
      const next = await this.moment.peek?.(direction);
      if (!next || this.id !== capture.id) return;
      await this.texts.get(next.id, { priority: "low" });
    }
  }

  /** Fetches the texts that are wanted next, a few at once. */
  #fetchNext() {
    while (this.#running < ahead.atOnce) {
      const id = this.#next.shift();
      if (id === undefined) return;
      if (this.texts.peek(id) !== null) continue;
      this.#running++;
      // One that fails is asked for anew when its picture is shown.
      this.texts.get(id, { priority: "low" }).catch(() => {}).finally(() => {
        this.#running--;
        this.#fetchNext();
      });
    }
  }

  /**
   * Says why the picture stays blurred, and offers to show it nonetheless.
   * @param {unknown} error
   */
  #ask(error) {
    const frame = this.viewer.element;
    if (!frame.classList.contains("unread") || frame.querySelector(".frame-image") === null) return;
    this.#notice?.remove();
    this.#notice = h("div", { class: "popover frame-unread", role: "status" },
      h("p", null, `The picture is blurred: what is secret in it is not known. ${error instanceof Error ? error.message : String(error)}`),
      h("button", { type: "button", class: "button", onclick: () => this.#bare() }, "Show anyway"));
    frame.append(this.#notice);
  }

  /** Shows the picture sharp: what is secret in it is covered, or the person wants it. */
  #bare() {
    this.viewer.element.classList.remove("unread");
    this.#notice?.remove();
    this.#notice = null;
  }

  /** @param {string} id */
  #clear(id) {
    // Until its secrets are known the whole picture is blurred.
    this.#bare();
    this.viewer.element.classList.add("unread");
    this.layer.dataset.capture = id;
    delete this.layer.dataset.state;
    this.layer.replaceChildren();
    this.masks.replaceChildren();
    this.#layout = null;
    this.#pieces.clear();
    this.#nodes.clear();
  }

  /**
   * Makes the words, secrets first. What comes after another picture is let go.
   * @param {Known} known
   * @param {Capture} capture
   */
  async #build({ data, layout }, capture) {
    this.#makeMasks(layout, capture);
    this.#bare();
    this.#layout = layout;
    this.dispatchEvent(new CustomEvent("text", { detail: { id: capture.id, data, layout } }));
    let made = 0;
    for (const panel of layout.panels) {
      const group = h("div", { class: "text-panel" });
      this.layer.append(group);
      for (const line of panel.lines) {
        group.append(this.#makeLine(line, layout.text, capture));
        made += line.pieces.length;
        if (made < atOnce) continue;
        made = 0;
        await new Promise((resolve) => setTimeout(resolve));
        if (this.id !== capture.id || this.#layout !== layout) return;
      }
    }
    // Whatever is beyond the last word: a selection ends before it.
    this.layer.append(h("div", { class: "text-end", "aria-hidden": true }));
    this.layer.dataset.state = "ready";
  }

  /**
   * @param {Line} line
   * @param {string} text
   * @param {Capture} capture
   */
  #makeLine(line, text, capture) {
    const row = h("div", { class: "text-line", style: place(line.box, capture) });
    line.pieces.forEach((piece, i) => {
      const whole = text.slice(piece.start, piece.end);
      const shown = whole.length > maxShown ? whole.slice(0, maxShown) : whole;
      const between = text.slice(piece.end, piece.next);
      const node = document.createTextNode(shown + (between.length > 16 ? " " : between));
      const tall = line.box.height > 1.8 * piece.box.height ? piece.box : { ...piece.box, y: line.box.y, height: line.box.height };
      const size = Math.max(tall.height, 1);
      const natural = (width(shown) * size) / measured;
      const scale = natural > 0 ? Math.max(piece.box.width, 1) / natural : 1;
      const next = line.pieces[i + 1];
      const gap = next === undefined || piece.rtl ? 0 : Math.max(0, next.box.x - piece.box.x - piece.box.width);
      const blanks = between.length || 1;
      const word = h("span", {
        class: "text-word",
        dir: piece.rtl ? "rtl" : "ltr",
        style: {
          left: percent(piece.box.x - line.box.x, line.box.width),
          top: percent(tall.y - line.box.y, line.box.height),
          "font-size": `${size}px`,
          "line-height": `${size}px`,
          transform: `scaleX(${scale})`,
          // Blanks reach to the next word.
          "word-spacing": `${gap / scale / blanks - (width(" ") * size) / measured}px`,
        },
      });
      word.append(node);
      row.append(word);
      this.#pieces.set(node, piece);
      this.#nodes.set(piece, node);
    });
    return row;
  }

  /**
   * @param {Layout} layout
   * @param {Capture} capture
   */
  #makeMasks(layout, capture) {
    layout.masks.forEach((mask, i) => {
      const label = `Secret ${i + 1} of ${layout.masks.length}, blurred: show it`;
      const boxes = mask.boxes.map((box, n) => h("button", {
        type: "button", class: "mask", style: place(grown(box, 3), capture), "aria-pressed": "false", "aria-label": label, title: "A secret, blurred: click to show it",
        // The first place of a secret stands for all of them.
        tabindex: n === 0 ? null : -1, "aria-hidden": n > 0 ? true : null,
        onclick: () => {
          const open = boxes[0]?.getAttribute("aria-pressed") !== "true";
          for (const box of boxes) {
            box.setAttribute("aria-pressed", String(open));
            box.setAttribute("aria-label", open ? `Secret ${i + 1} of ${layout.masks.length}, shown: blur it` : label);
            box.title = open ? "Click to blur it again" : "A secret, blurred: click to show it";
          }
        },
      }));
      this.masks.append(...boxes);
    });
  }

  // Selecting.

  /** @param {number} clientX @param {number} clientY */
  #over(clientX, clientY) {
    if (this.#layout === null) return false;
    const { x, y } = this.viewer.toPicture(clientX, clientY);
    return onText(this.#layout, x, y);
  }

  /**
   * The piece that a point means, and the place in it.
   * @param {number} clientX @param {number} clientY
   * @returns {{line: Line, piece: Piece, at: number} | null}
   */
  #at(clientX, clientY) {
    if (this.#layout === null) return null;
    const { x, y } = this.viewer.toPicture(clientX, clientY);
    const found = nearest(this.#layout, x, y);
    if (found === null) return null;
    const text = this.#layout.text.slice(found.piece.start, found.piece.end);
    return { ...found, at: caret(text, found.piece, x, width) };
  }

  /** @param {Piece} piece @param {number} at @returns {[Text, number] | null} */
  #point(piece, at) {
    const node = this.#nodes.get(piece);
    return node === undefined ? null : [node, Math.min(at, node.data.length)];
  }

  /**
   * Selects between two points, as the browser would if the words were in a column of
   * text: what is nearest counts, so that nothing leaps between lines and beside them.
   */
  #selecting() {
    const stage = this.viewer.stage;
    /** @type {[Text, number] | null} */
    let anchor = null;
    /** @type {"" | "word" | "line"} */
    let by = "";
    /** @type {{line: Line, piece: Piece} | null} */
    let from = null;

    /** @param {number} clientX @param {number} clientY */
    const extend = (clientX, clientY) => {
      const to = this.#at(clientX, clientY);
      if (to === null || anchor === null) return;
      if (by === "" || from === null) {
        const point = this.#point(to.piece, to.at);
        if (point) getSelection()?.setBaseAndExtent(...anchor, ...point);
        return;
      }
      // Whole words or lines, from the first to the last of both.
      const units = [unit(from, by), unit(to, by)];
      const start = units[0] && units[1] && units[0][0].start <= units[1][0].start ? units[0][0] : units[1]?.[0];
      const end = units[0] && units[1] && units[0][1].end >= units[1][1].end ? units[0][1] : units[1]?.[1];
      const [a, b] = [start && this.#point(start, 0), end && this.#point(end, end.end - end.start)];
      if (a && b) getSelection()?.setBaseAndExtent(...a, ...b);
    };

    stage.addEventListener("mousedown", (event) => {
      if (event.button !== 0 || event.ctrlKey || event.metaKey || (event.target instanceof Element && event.target.closest("button, a"))) return;
      if (this.viewer.pannable && !this.#over(event.clientX, event.clientY)) return;
      const found = this.#at(event.clientX, event.clientY);
      event.preventDefault();
      if (document.activeElement instanceof HTMLElement && document.activeElement !== document.body) document.activeElement.blur();
      const selection = getSelection();
      if (found === null || selection === null) return selection?.removeAllRanges();
      if (event.shiftKey && selection.anchorNode !== null && this.#pieces.has(selection.anchorNode)) {
        anchor = [/** @type {Text} */ (selection.anchorNode), selection.anchorOffset];
      } else {
        if (event.detail < 2 || !this.#over(event.clientX, event.clientY)) selection.removeAllRanges();
        anchor = this.#point(found.piece, found.at);
      }
      from = found;
      by = !this.#over(event.clientX, event.clientY) ? "" : event.detail === 2 ? "word" : event.detail > 2 ? "line" : "";
      if (by !== "" || event.shiftKey) extend(event.clientX, event.clientY);
      addEventListener("mousemove", move);
      addEventListener("mouseup", stop, { once: true });
    });
    /** @param {MouseEvent} event */
    const move = (event) => {
      if ((event.buttons & 1) === 0) return stop();
      extend(event.clientX, event.clientY);
    };
    const stop = () => {
      anchor = null;
      removeEventListener("mousemove", move);
    };
    stage.addEventListener("mousemove", (event) => {
      if (event.buttons === 0) stage.classList.toggle("over-text", this.#over(event.clientX, event.clientY));
    });
    document.addEventListener("copy", (event) => {
      const text = this.selected();
      if (text === null || text === "" || event.clipboardData === null) return;
      event.clipboardData.setData("text/plain", text);
      event.preventDefault();
    });
  }

  /**
   * What is selected, as the text has it.
   * @returns {string | null} null unless the selection is in the layer
   */
  selected() {
    const selection = getSelection();
    if (this.#layout === null || selection === null || selection.rangeCount === 0) return null;
    const range = selection.getRangeAt(0);
    if (!this.layer.contains(range.startContainer) || !this.layer.contains(range.endContainer)) return null;
    const start = this.#index(range.startContainer, range.startOffset);
    const end = this.#index(range.endContainer, range.endOffset);
    return this.#layout.text.slice(start, end);
  }

  /**
   * The place in the text of a place in the layer.
   * @param {Node} container
   * @param {number} offset
   */
  #index(container, offset) {
    const piece = this.#pieces.get(container);
    if (piece !== undefined) {
      const shown = Math.min(piece.end - piece.start, maxShown);
      return offset < shown ? piece.start + offset : Math.min(piece.end + offset - shown, piece.next);
    }
    // Between elements: the next word begins there.
    const range = document.createRange();
    range.setStart(container, offset);
    const walker = document.createTreeWalker(this.layer, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const found = this.#pieces.get(node);
      if (found !== undefined && range.comparePoint(node, 0) >= 0) return found.start;
    }
    return this.#layout?.text.length ?? 0;
  }
}

/**
 * The first and the last piece of the word or the line around a piece.
 * @param {{line: Line, piece: Piece}} of
 * @param {"word" | "line"} by
 * @returns {[Piece, Piece] | null}
 */
function unit({ line, piece }, by) {
  if (by === "word") return [piece, piece];
  const [first, last] = [line.pieces[0], line.pieces.at(-1)];
  return first && last ? [first, last] : null;
}

/** @type {CanvasRenderingContext2D | null} */
let context = null;
/** @type {Map<string, number>} */
const widths = new Map();

/**
 * How wide a text is at the measured size, in the layer's font.
 * @param {string} text
 */
function width(text) {
  const known = widths.get(text);
  if (known !== undefined) return known;
  if (context === null) {
    context = document.createElement("canvas").getContext("2d");
    if (context === null) return text.length * measured * 0.5;
    context.font = `${measured}px sans-serif`;
    context.fontKerning = "none";
  }
  const found = context.measureText(text).width;
  if (text.length < 64) {
    if (widths.size > 20_000) widths.clear();
    widths.set(text, found);
  }
  return found;
}

/** @param {number} part @param {number} whole */
const percent = (part, whole) => `${whole > 0 ? (part / whole) * 100 : 0}%`;

/**
 * Where a box is, in parts of the picture.
 * @param {Rect} box
 * @param {{width: number, height: number}} picture
 */
export function place(box, picture) {
  return {
    left: percent(box.x, picture.width), top: percent(box.y, picture.height),
    width: percent(box.width, picture.width), height: percent(box.height, picture.height),
  };
}

/** @param {Rect} box @param {number} by */
export function grown(box, by) {
  return { x: box.x - by, y: box.y - by, width: box.width + 2 * by, height: box.height + 2 * by };
}

