// Pointers and wheels over the scrubber, told apart: each gesture does one thing from
// its beginning to its end, and what it does is done once for each frame of the screen.

/**
 * @typedef {object} Host x is in pixels from the left edge; y from the top
 * @property {(x: number) => void} scrub the pointer is held and moved
 * @property {(x: number) => void} drop it was let go after that
 * @property {() => void} cancel it was taken away, or Escape was pressed
 * @property {(x: number, y: number, touch: boolean) => void} click
 * @property {(x0: number, x1: number, done: boolean) => void} select with Shift
 * @property {(x: number) => void} selectTo Shift and a click
 * @property {(pixels: number) => void} pan
 * @property {(factor: number, x: number) => void} zoom
 * @property {() => void} rest after the last pan or zoom of a gesture
 * @property {(x: number, y: number) => void} hover
 * @property {() => void} leave
 */

const slack = 4; // pixels that a click may move
const pause = 160; // milliseconds after which a wheel's next turn is another gesture
const edge = 10; // pixels within which a held pointer pulls time along
const dwell = 350; // milliseconds that it is there first

/**
 * @param {HTMLElement} element
 * @param {Host} host
 * @returns {{held: () => boolean, escape: () => boolean}}
 */
export function bindGestures(element, host) {
  /** @type {Map<number, {x: number, y: number}>} */
  const pointers = new Map();
  /** @type {"idle" | "press" | "scrub" | "select" | "pinch" | "over"} over: what is still held does nothing more */
  let mode = "idle";
  let start = { x: 0, y: 0, shift: false, touch: false };
  let last = { x: 0, y: 0 };
  let pinch = { distance: 1, centre: 0 };
  let atEdgeSince = 0;
  let frame = 0;
  let wheelPan = 0;
  let wheelZoom = 1;
  /** @type {"pan" | "zoom" | null} */
  let wheelMode = null;
  /** @type {"x" | "y"} */
  let wheelAxis = "y";
  let wheelX = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let wheelEnd;

  /** @param {MouseEvent} event */
  const where = (event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const schedule = () => {
    if (frame === 0) frame = requestAnimationFrame(run);
  };

  function run() {
    frame = 0;
    if (wheelPan !== 0) host.pan(wheelPan);
    if (wheelZoom !== 1) host.zoom(wheelZoom, wheelX);
    wheelPan = 0;
    wheelZoom = 1;
    if (mode === "scrub") {
      pull();
      host.scrub(last.x);
    } else if (mode === "select") {
      pull();
      host.select(start.x, last.x, false);
    } else if (mode === "pinch") {
      spread();
    }
  }

  /** Moves time along while the pointer is held at an edge. */
  function pull() {
    const width = element.clientWidth;
    const over = last.x < edge ? last.x - edge : last.x > width - edge ? last.x - width + edge : 0;
    if (over === 0) {
      atEdgeSince = 0;
      return;
    }
    const now = performance.now();
    if (atEdgeSince === 0) atEdgeSince = now;
    if (now - atEdgeSince > dwell) {
      const by = (Math.sign(over) * Math.min(Math.abs(over) + 4, 60)) / 8;
      host.pan(by);
      start.x -= by;
    }
    schedule();
  }

  function spread() {
    const [a, b] = [...pointers.values()];
    if (a === undefined || b === undefined) return;
    const distance = Math.max(Math.hypot(a.x - b.x, a.y - b.y), 20);
    const centre = (a.x + b.x) / 2;
    if (distance !== pinch.distance) host.zoom(pinch.distance / distance, centre);
    pinch = { distance, centre };
  }

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const at = where(event);
    pointers.set(event.pointerId, at);
    element.setPointerCapture(event.pointerId);
    element.focus({ preventScroll: true });
    host.leave();
    if (pointers.size === 1) {
      mode = "press";
      start = { ...at, shift: event.shiftKey, touch: event.pointerType !== "mouse" };
      last = at;
      atEdgeSince = 0;
    } else if (pointers.size === 2) {
      if (mode === "scrub" || mode === "select") host.cancel();
      mode = "pinch";
      const [a, b] = [...pointers.values()];
      if (a !== undefined && b !== undefined) pinch = { distance: Math.max(Math.hypot(a.x - b.x, a.y - b.y), 20), centre: (a.x + b.x) / 2 };
    }
    event.preventDefault();
  });

  element.addEventListener("pointermove", (event) => {
    const at = where(event);
    if (!pointers.has(event.pointerId)) {
      if (event.pointerType === "mouse") host.hover(at.x, at.y);
      return;
    }
    pointers.set(event.pointerId, at);
    if (mode === "pinch") return schedule();
    last = at;
    if (mode === "press" && Math.hypot(at.x - start.x, at.y - start.y) > slack) mode = start.shift ? "select" : "scrub";
    if (mode === "scrub" || mode === "select") schedule();
  });

  /** @param {PointerEvent} event @param {boolean} kept whether the person let go, and nobody took it away */
  function release(event, kept) {
    if (!pointers.delete(event.pointerId)) return;
    const ended = mode;
    if (pointers.size > 0) {
      // One finger of two was lifted: the other does nothing until it is lifted too.
      if (mode === "pinch") host.rest();
      mode = "over";
      return;
    }
    mode = "idle";
    const { x, y } = kept ? where(event) : last;
    if (ended === "press" && kept) {
      if (start.shift) host.selectTo(x);
      else host.click(x, y, start.touch);
    } else if (ended === "scrub") {
      if (kept) host.drop(x);
      else host.cancel();
    } else if (ended === "select") {
      host.select(start.x, x, true);
    }
  }
  element.addEventListener("pointerup", (event) => release(event, true));
  element.addEventListener("pointercancel", (event) => release(event, false));
  element.addEventListener("lostpointercapture", (event) => release(event, false));
  element.addEventListener("pointerleave", () => host.leave());

  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? element.clientWidth / 2 : 1;
      const zooms = event.ctrlKey || event.metaKey;
      // A key that is pressed or let go in between begins another gesture.
      if (wheelMode === null || zooms !== (wheelMode === "zoom")) {
        wheelMode = zooms ? "zoom" : "pan";
        wheelAxis = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? "x" : "y";
      }
      const delta = (wheelAxis === "x" ? event.deltaX : event.deltaY || (event.shiftKey ? event.deltaX : 0)) * unit;
      wheelX = where(event).x;
      if (wheelMode === "zoom") wheelZoom *= Math.exp(Math.max(-300, Math.min(300, event.deltaY * unit)) * (Math.abs(event.deltaY) < 20 ? 0.01 : 0.003));
      else wheelPan += delta;
      host.leave();
      schedule();
      clearTimeout(wheelEnd);
      wheelEnd = setTimeout(() => {
        wheelMode = null;
        host.rest();
      }, pause);
    },
    { passive: false },
  );

  return {
    held: () => mode === "scrub" || mode === "select",
    escape() {
      if (mode !== "scrub" && mode !== "select") return false;
      mode = "over";
      host.cancel();
      return true;
    },
  };
}
