// The frame: the picture of the moment, zoomed and moved, and its layers.

import { fill, h, icon } from "../base/dom.js";
import { bind } from "../base/keys.js";
import { Hole } from "../day/data.js";
import { reasonOf } from "../day/gaps.js";

const minZoom = 0.25;
const maxZoom = 4;
/** How far a finger goes for a step, in pixels, and how long it may take, in ms. */
const swipe = 48;
const swipeTime = 700;
/** How wide the small picture is drawn that stands for the frame while one scrubs. */
const scrubWidth = 640;
/** @type {number[]} the holes in which the screen went on showing what the last picture shows */
const shownThrough = [Hole.NONE, Hole.UNCHANGED, Hole.RECORDING];

/**
 * Shows a moment in #frame. What is exported to layers: content, which is as large as
 * the picture has pixels and is moved and zoomed by a transform alone, and the event
 * "zoom". The person's first zoom beyond what the picture shows fires "sharpen" on the
 * moment, which may then bring the original.
 *
 * @param {HTMLElement} element
 * @param {{moment: FrameMoment, timeline?: FrameTimeline, span?: () => Micros}} options
 * @returns {FrameViewer}
 */
export function mountViewer(element, options) {
  return new Viewer(element, options);
}

/** @implements {FrameViewer} */
class Viewer extends EventTarget {
  /** @type {number} picture pixels */
  #width = 0;
  #height = 0;
  /** @type {number} of the upper left corner, in the stage */
  #x = 0;
  #y = 0;
  #scale = 1;
  fitted = true;
  /** @type {((clientX: number, clientY: number) => boolean) | null} */
  textAt = null;

  /**
   * @param {HTMLElement} element
   * @param {{moment: FrameMoment, timeline?: FrameTimeline, span?: () => Micros}} options
   */
  constructor(element, { moment, timeline, span }) {
    super();
    this.element = element;
    this.moment = moment;
    this.timeline = timeline;
    this.span = span ?? (() => 3_600_000_000 * 24);
    this.content = h("div", { class: "frame-content" });
    this.scrubbed = h("canvas", { class: "frame-scrub", "aria-hidden": true, hidden: true });
    this.stage = h("div", { class: "frame-stage" }, this.content, this.scrubbed);
    this.tools = h("div", { class: "frame-tools on-image", role: "toolbar", "aria-label": "Picture", "aria-orientation": "vertical" });
    /** @type {HTMLElement | null} */
    this.shownCard = null;

    const image = element.querySelector("img.frame-image");
    if (image instanceof HTMLImageElement) {
      this.#width = Number(image.getAttribute("width")) || image.naturalWidth;
      this.#height = Number(image.getAttribute("height")) || image.naturalHeight;
      this.content.append(image);
    }
    element.prepend(this.stage);
    element.append(this.tools);
    this.#makeTools();
    this.#listen();
    this.#resize();
  }

  #listen() {
    const { moment, stage } = this;
    moment.addEventListener("change", (event) => this.#change(/** @type {any} */ (event)));
    moment.addEventListener("broken", (event) => this.#broken(/** @type {any} */ (event)));
    moment.addEventListener("sharp", (event) => this.#swap(/** @type {CustomEvent<MomentChange>} */ (event).detail));
    moment.addEventListener("scrub", (event) => this.#scrub(/** @type {any} */ (event)));
    moment.addEventListener("scrubend", () => this.#endScrub());
    this.timeline?.addEventListener("tiles", () => this.#drawTile());
    new ResizeObserver(() => this.#resize()).observe(this.element);
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("dblclick", (event) => {
      if (!this.textAt?.(event.clientX, event.clientY)) this.toggle(event.clientX, event.clientY);
    });
    this.#pointers();
    bind({ key: "z", shift: false, help: "Fit the window, or 100%", group: "Picture", run: () => this.toggle() });
    bind({ key: ["+", "="], help: "Larger", group: "Picture", run: () => this.#step(1) });
    bind({ key: ["-", "_"], help: "Smaller", group: "Picture", run: () => this.#step(-1) });
    bind({ key: "f", shift: false, help: "Full screen", group: "Picture", run: () => void this.fullScreen() });
  }

  // The picture.

  /** @param {CustomEvent<MomentChange>} event */
  #change(event) {
    const { capture } = event.detail;
    this.#clearCard();
    this.#endScrub();
    this.#swap(event.detail);
    this.#size(capture);
  }

  /**
   * Takes the new picture, which is decoded, for the old one in one step.
   * @param {MomentChange} change
   */
  #swap({ capture, image }) {
    const picture = image instanceof HTMLImageElement ? image : drawn(image);
    picture.classList.add("frame-image");
    describe(picture, capture);
    const old = this.content.querySelector(".frame-image");
    if (old === null) this.content.prepend(picture);
    else if (old !== picture) old.replaceWith(picture);
  }

  /** @param {Capture} capture */
  #size(capture) {
    this.element.dataset.capture = capture.id;
    if (capture.width === this.#width && capture.height === this.#height) return;
    this.#width = capture.width;
    this.#height = capture.height;
    if (this.fitted) this.fit();
    else this.#place(this.#scale, this.#x, this.#y);
  }

  /** @param {CustomEvent<{capture: Capture, reason: string, code?: string}>} event */
  #broken(event) {
    const { capture, reason, code } = event.detail;
    this.#endScrub();
    // The one before must not stand under this one's name.
    this.content.querySelector(".frame-image")?.remove();
    this.#size(capture);
    const gone = code === "deleted" || code === "not_found";
    this.showCard({
      kind: "error",
      icon: "alert",
      title: code === "deleted" ? "This capture was deleted" : gone ? "This picture is not there" : "This picture cannot be shown",
      text: reason,
      actions: [
        { label: "The one before", run: () => void this.moment.step(-1) },
        { label: "The next one", run: () => void this.moment.step(1) },
        ...(gone ? [] : [{ label: "Try again", run: () => void this.moment.go({ id: capture.id }) }]),
      ],
    });
  }

  /**
   * Shows a card in the place of the picture, until the returned function is called or
   * the next picture is there.
   * @param {FrameCard} card
   * @returns {() => void}
   */
  showCard(card) {
    this.#clearCard();
    const shown = h("section", { class: `card frame-card frame-card-${card.kind}`, "data-kind": card.kind, role: "group", "aria-label": card.title },
      h("h2", null, card.icon && icon(card.icon), card.title),
      h("p", { dir: "auto" }, card.text),
      card.actions && card.actions.length > 0 && h("p", { class: "actions" },
        ...card.actions.map((action) => h("button", { type: "button", class: "button", onclick: action.run }, action.label))));
    this.shownCard = shown;
    this.element.append(shown);
    this.element.classList.add("has-card");
    return () => {
      if (this.shownCard === shown) this.#clearCard();
    };
  }

  #clearCard() {
    if (this.shownCard === null) return;
    const focused = this.shownCard.contains(document.activeElement);
    this.shownCard.remove();
    this.shownCard = null;
    this.element.classList.remove("has-card");
    if (focused) document.getElementById("scrubber")?.focus({ preventScroll: true });
  }

  // Scrubbing.

  /** @type {{at: Micros, device: string, monitor: number} | null} */
  #target = null;

  /** @param {CustomEvent<{at: Micros, device: string, monitor: number}>} event */
  #scrub(event) {
    this.#target = event.detail;
    this.#drawTile();
  }

  /** Shows what is scrubbed to: its small picture, or why there is none. One that is not there yet leaves the last. */
  #drawTile() {
    const target = this.#target;
    if (target === null || this.timeline?.drawTile === undefined) return;
    const hole = this.timeline.holeAt?.(target.device, target.at) ?? null;
    if (hole !== null && !shownThrough.includes(hole.state)) {
      this.#showHole(hole.state);
      return;
    }
    const canvas = this.scrubbed;
    const context = canvas.getContext("2d", { alpha: false });
    if (context === null) return;
    const shape = this.#width > 0 ? { width: this.#width, height: this.#height } : { width: 16, height: 9 };
    const height = Math.round((scrubWidth * shape.height) / shape.width);
    if (canvas.width !== scrubWidth || canvas.height !== height) [canvas.width, canvas.height] = [scrubWidth, height];
    if (!this.timeline.drawTile(context, target.at, target.device, target.monitor, this.span(), shape)) return;
    canvas.hidden = false;
    this.element.classList.add("scrubbing");
    this.#clearCard();
  }

  /** @param {number} state */
  #showHole(state) {
    this.element.classList.add("scrubbing");
    this.scrubbed.hidden = true;
    const reason = reasonOf(state);
    if (this.shownCard?.dataset.reason === reason.key) return;
    this.showCard({ kind: "gap", icon: reason.icon, title: reason.name, text: reason.cause });
    if (this.shownCard !== null) this.shownCard.dataset.reason = reason.key;
  }

  #endScrub() {
    if (this.#target === null) return;
    this.#target = null;
    this.scrubbed.hidden = true;
    this.element.classList.remove("scrubbing");
    if (this.shownCard?.dataset.kind === "gap") this.#clearCard();
  }

  // Zoom.

  /** A pixel of the picture on a pixel of the screen is 1. */
  get zoom() {
    return this.#scale * devicePixelRatio;
  }

  /** @returns {number} */
  #fitScale() {
    const { clientWidth, clientHeight } = this.stage;
    if (this.#width === 0 || clientWidth === 0) return 1;
    return Math.min(clientWidth / this.#width, clientHeight / this.#height);
  }

  #resize() {
    if (this.fitted) this.fit();
    else this.#place(this.#scale, this.#x, this.#y);
  }

  /** Which part of the picture is seen, and how large; null where all of it is. */
  get view() {
    return this.fitted ? null : { scale: this.#scale, x: this.#x, y: this.#y };
  }

  /** Shows what view told. @param {FrameView | null} view */
  show(view) {
    if (view === null) return this.fit();
    this.fitted = false;
    this.#place(view.scale, view.x, view.y);
  }

  fit() {
    this.fitted = true;
    this.#place(this.#fitScale(), 0, 0);
  }

  /** @param {number} [clientX] @param {number} [clientY] */
  toggle(clientX, clientY) {
    if (this.fitted && Math.abs(this.zoom - 1) > 0.001) this.zoomTo(1, clientX, clientY);
    else this.fit();
  }

  /**
   * Zooms so that the point of the picture under a point of the window stays there; the
   * middle where none is given.
   * @param {number} zoom
   * @param {number} [clientX] @param {number} [clientY]
   */
  zoomTo(zoom, clientX, clientY) {
    const stage = this.stage.getBoundingClientRect();
    const x = clientX === undefined ? stage.width / 2 : clientX - stage.left;
    const y = clientY === undefined ? stage.height / 2 : clientY - stage.top;
    const fit = this.#fitScale() * devicePixelRatio;
    const to = Math.min(Math.max(zoom, Math.min(minZoom, fit)), Math.max(maxZoom, fit)) / devicePixelRatio;
    this.fitted = false;
    const grown = to / this.#scale;
    this.#place(to, x - (x - this.#x) * grown, y - (y - this.#y) * grown);
  }

  /** @param {1 | -1} direction */
  #step(direction) {
    const steps = [0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4];
    const zoom = this.zoom;
    const next = direction > 0 ? steps.find((s) => s > zoom * 1.02) : steps.findLast((s) => s < zoom * 0.98);
    if (next !== undefined) this.zoomTo(next);
  }

  /** @param {number} scale @param {number} x @param {number} y */
  #place(scale, x, y) {
    const { clientWidth, clientHeight } = this.stage;
    const [width, height] = [this.#width * scale, this.#height * scale];
    /** @param {number} at @param {number} size @param {number} room */
    const keep = (at, size, room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at)));
    /** @param {number} at to whole pixels of the screen */
    const whole = (at) => Math.round(at * devicePixelRatio) / devicePixelRatio;
    this.#scale = scale;
    this.#x = whole(keep(x, width, clientWidth));
    this.#y = whole(keep(y, height, clientHeight));
    const style = this.content.style;
    style.width = `${this.#width}px`;
    style.height = `${this.#height}px`;
    style.transform = `translate(${this.#x}px, ${this.#y}px) scale(${scale})`;
    style.setProperty("--scale", String(scale));
    this.stage.classList.toggle("pannable", this.pannable);
    this.#tellZoom();
  }

  get pannable() {
    return this.#width * this.#scale > this.stage.clientWidth + 1 || this.#height * this.#scale > this.stage.clientHeight + 1;
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.#place(this.#scale, this.#x + dx, this.#y + dy);
  }

  /** Brings a place of the picture into view. @param {Rect} box */
  reveal(box) {
    if (!this.pannable) return;
    const { clientWidth, clientHeight } = this.stage;
    const [left, top] = [this.#x + box.x * this.#scale, this.#y + box.y * this.#scale];
    const [right, bottom] = [left + box.width * this.#scale, top + box.height * this.#scale];
    if (left >= 0 && top >= 0 && right <= clientWidth && bottom <= clientHeight) return;
    this.#place(this.#scale, this.#x + clientWidth / 2 - (left + right) / 2, this.#y + clientHeight / 2 - (top + bottom) / 2);
  }

  /**
   * The pixel of the picture at a point of the window.
   * @param {number} clientX @param {number} clientY
   */
  toPicture(clientX, clientY) {
    const stage = this.stage.getBoundingClientRect();
    return { x: (clientX - stage.left - this.#x) / this.#scale, y: (clientY - stage.top - this.#y) / this.#scale };
  }

  async fullScreen() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen();
    } catch {
      // The browser does not permit it here; nothing changes.
    }
  }

  // Wheel and pointers.

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (event.ctrlKey) {
      event.preventDefault();
      const by = Math.abs(event.deltaY) >= 50 ? Math.sign(event.deltaY) * 0.2 : event.deltaY * 0.01;
      this.zoomTo(this.zoom * Math.exp(-by), event.clientX, event.clientY);
    } else if (this.pannable) {
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 32 : 1;
      const [dx, dy] = event.shiftKey && event.deltaX === 0 ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
      this.pan(-dx * unit, -dy * unit);
    }
  }

  #pointers() {
    const stage = this.stage;
    /** @type {Map<number, {x: number, y: number}>} */
    const down = new Map();
    /** @type {{x: number, y: number, time: number} | null} */
    let swiped = null;
    let panning = false;
    /** @type {{distance: number, zoom: number} | null} */
    let pinch = null;

    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 && event.button !== 1) return;
      if (event.target instanceof Element && event.target.closest("button, a")) return;
      const touch = event.pointerType === "touch";
      if (!touch) {
        if (event.button === 0 && (!this.pannable || this.textAt?.(event.clientX, event.clientY))) return;
        if (event.button === 1 && !this.pannable) return;
        event.preventDefault();
      }
      down.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (down.size === 2) {
        const [a, b] = [...down.values()];
        if (a && b) pinch = { distance: Math.max(Math.hypot(a.x - b.x, a.y - b.y), 1), zoom: this.zoom };
        swiped = null;
        getSelection()?.removeAllRanges();
      } else {
        panning = this.pannable;
        swiped = touch && !this.pannable ? { x: event.clientX, y: event.clientY, time: event.timeStamp } : null;
      }
      if (panning || pinch) stage.setPointerCapture(event.pointerId);
      stage.classList.toggle("panning", panning);
    });
    stage.addEventListener("pointermove", (event) => {
      const last = down.get(event.pointerId);
      if (last === undefined) return;
      const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
      down.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (pinch !== null && down.size >= 2) {
        const [a, b] = [...down.values()];
        if (!a || !b) return;
        this.pan(dx / 2, dy / 2);
        this.zoomTo((pinch.zoom * Math.hypot(a.x - b.x, a.y - b.y)) / pinch.distance, (a.x + b.x) / 2, (a.y + b.y) / 2);
      } else if (panning && (event.pointerType !== "touch" || getSelection()?.isCollapsed !== false)) {
        this.pan(dx, dy);
      }
    });
    /** @param {PointerEvent} event */
    const up = (event) => {
      if (!down.delete(event.pointerId)) return;
      if (event.type === "pointerup" && swiped !== null && getSelection()?.isCollapsed !== false) {
        const [dx, dy] = [event.clientX - swiped.x, event.clientY - swiped.y];
        if (Math.abs(dx) >= swipe && Math.abs(dx) > 2 * Math.abs(dy) && event.timeStamp - swiped.time < swipeTime) {
          void this.moment.step(dx < 0 ? 1 : -1);
        }
      }
      swiped = null;
      pinch = null;
      panning = down.size > 0 && this.pannable;
      stage.classList.toggle("panning", panning);
    };
    stage.addEventListener("pointerup", up);
    stage.addEventListener("pointercancel", up);
  }

  // Buttons.

  #makeTools() {
    const percent = h("button", { type: "button", class: "tool tool-zoom", onclick: () => this.toggle() });
    this.percent = percent;
    fill(this.tools,
      h("div", { class: "tool-group", role: "group", "aria-label": "Zoom" },
        tool("plus", "Larger (+)", () => this.#step(1)),
        percent,
        tool("minus", "Smaller (-)", () => this.#step(-1)),
        tool("full", "Full screen (f)", () => void this.fullScreen())));
  }

  #tellZoom() {
    if (this.percent !== undefined && this.#width > 0) {
      const text = `${Math.round(this.zoom * 100)}%`;
      if (this.percent.textContent !== text) {
        this.percent.textContent = text;
        this.percent.setAttribute("aria-label", `Zoom ${text}: ${this.fitted ? "show at 100%" : "fit the window"}`);
        this.percent.title = this.fitted ? "Show at 100% (z)" : "Fit the window (z)";
      }
    }
    this.dispatchEvent(new Event("zoom"));
    this.moment.dispatchEvent(new CustomEvent("zoom", { detail: { zoom: this.zoom, width: Math.round(this.#width * this.zoom) } }));
  }
}

/**
 * A button of the tools.
 * @param {string} name of its icon
 * @param {string} label
 * @param {(event: MouseEvent) => void} run
 * @param {Record<string, unknown>} [attributes]
 */
export function tool(name, label, run, attributes = {}) {
  return h("button", { type: "button", class: "tool", "aria-label": label, title: label, onclick: run, ...attributes }, icon(name));
}

/** @param {ImageBitmap} bitmap */
function drawn(bitmap) {
  const canvas = h("canvas", { role: "img" });
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d", { alpha: false })?.drawImage(bitmap, 0, 0);
  return canvas;
}

/**
 * Says what a picture is: what it shows in words is the text layer's.
 * @param {HTMLImageElement | HTMLCanvasElement} picture
 * @param {Capture} capture
 */
function describe(picture, capture) {
  const what = [capture.app_name, capture.window_title].filter((s) => s !== "").join(", ").slice(0, 200);
  const text = `Screenshot${what === "" ? "" : ` of ${what}`}`;
  if (picture instanceof HTMLImageElement) {
    picture.alt = text;
    picture.draggable = false;
  } else picture.setAttribute("aria-label", text);
}
