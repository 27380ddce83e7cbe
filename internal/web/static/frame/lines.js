// What a text looks like on the picture: its lines, the panels of the screen that they
// are in, and what lies nearest to a point. Nothing here needs a page.

/** The most elements that a text layer has: beyond, its pieces are lines. */
export const MAX_PIECES = 5000;
/** The most places that are blurred one by one. */
const maxMasks = 500;

/**
 * @typedef {object} Piece a word, or a whole line of a text that has too many
 * @property {number} start of the piece in the text, in UTF-16 units
 * @property {number} end
 * @property {number} next where the next piece of the text starts: what is before belongs to this one
 * @property {Rect} box in pixels of the picture
 * @property {boolean} rtl
 *
 * @typedef {object} Line
 * @property {Piece[]} pieces
 * @property {Rect} box
 *
 * @typedef {object} Panel lines that follow each other, without an empty one between
 * @property {Line[]} lines
 * @property {Rect} box
 *
 * @typedef {object} Mask a secret's places
 * @property {Rect[]} boxes
 *
 * @typedef {object} Layout
 * @property {string} text
 * @property {Panel[]} panels
 * @property {number} pieces
 * @property {Mask[]} masks
 * @property {"" | "lines" | "cut"} reduced pieces are lines; and there are too many of these too
 */

/**
 * Turns places in UTF-8 into places in a string.
 * @param {string} text
 * @param {number[]} bytes in order
 * @returns {number[]} beyond the text is its end
 */
export function indices(text, bytes) {
  /** @type {number[]} */
  const found = [];
  let at = 0;
  let index = 0;
  for (const byte of bytes) {
    while (at < byte && index < text.length) {
      const code = text.charCodeAt(index);
      if (code < 0x80) at += 1;
      else if (code < 0x800) at += 2;
      else if (isPair(text, index)) {
        at += 4;
        index++;
      } else at += 3;
      index++;
    }
    found.push(index);
  }
  return found;
}

/** @param {string} text @param {number} index */
function isPair(text, index) {
  return (text.codePointAt(index) ?? 0) > 0xffff;
}

const rightToLeft = /^[^\p{L}]*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u;

/** @param {Rect} a @param {Rect} b @returns {Rect} what holds both */
export function union(a, b) {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}

/** @param {Rect[]} boxes at least one */
const bounds = (boxes) => boxes.reduce(union);

/**
 * Lays a text out.
 * @param {Pick<CaptureTextData, "text" | "words">} data
 * @param {number} [most] pieces
 * @returns {Layout}
 */
export function layOut(data, most = MAX_PIECES) {
  const text = data.text ?? "";
  const starts = indices(text, data.words.map((w) => w.start));
  const ends = indices(text, data.words.map((w) => w.end));
  /** @type {Panel[]} */
  const panels = [];
  /** @type {Piece | undefined} */
  let last;
  let pieces = 0;
  data.words.forEach((word, i) => {
    const start = starts[i] ?? 0;
    const end = ends[i] ?? 0;
    if (start >= end) return; // more of the secret before: it has no text of its own
    const between = last === undefined ? "" : text.slice(last.end, start);
    const piece = { start, end, next: text.length, box: word.box, rtl: rightToLeft.test(text.slice(start, Math.min(end, start + 64))) };
    if (last !== undefined) last.next = start;
    last = piece;
    pieces++;
    const breaks = between.split("\n").length - 1;
    if (panels.length === 0 || breaks > 1) panels.push({ lines: [], box: word.box });
    const panel = /** @type {Panel} */ (panels.at(-1));
    if (panel.lines.length === 0 || breaks > 0) panel.lines.push({ pieces: [], box: word.box });
    const line = /** @type {Line} */ (panel.lines.at(-1));
    line.pieces.push(piece);
    line.box = union(line.box, word.box);
    panel.box = union(panel.box, word.box);
  });
  /** @type {Layout} */
  const layout = { text, panels, pieces, masks: masksOf(data.words), reduced: "" };
  if (pieces > most) reduce(layout, most);
  return layout;
}

/**
 * Makes every line one piece, and leaves out those beyond.
 * @param {Layout} layout
 * @param {number} most
 */
function reduce(layout, most) {
  layout.reduced = "lines";
  layout.pieces = 0;
  for (const panel of layout.panels) {
    for (const line of panel.lines) {
      const first = /** @type {Piece} */ (line.pieces[0]);
      const last = /** @type {Piece} */ (line.pieces.at(-1));
      line.pieces = [{ start: first.start, end: last.end, next: last.next, box: line.box, rtl: first.rtl }];
    }
    if (layout.pieces + panel.lines.length > most) {
      panel.lines.length = Math.max(0, most - layout.pieces);
      layout.reduced = "cut";
    }
    layout.pieces += panel.lines.length;
  }
  layout.panels = layout.panels.filter((panel) => panel.lines.length > 0);
}

/**
 * Finds the secrets: a masked word, and what follows it without text.
 * @param {TextWord[]} words
 * @returns {Mask[]}
 */
export function masksOf(words) {
  /** @type {Mask[]} */
  const masks = [];
  /** @type {Rect[]} */
  const all = [];
  for (const word of words) {
    if (!word.masked) continue;
    all.push(word.box);
    const mask = masks.at(-1);
    if (word.start === word.end && mask !== undefined) mask.boxes.push(word.box);
    else masks.push({ boxes: [word.box] });
  }
  return all.length > maxMasks ? [{ boxes: [bounds(all)] }] : masks;
}

/** @param {number} at @param {number} from @param {number} length @returns {number} how far at is outside */
const outside = (at, from, length) => Math.max(from - at, 0, at - from - length);

/** @param {Rect} box @param {number} x @param {number} y */
const distance = (box, x, y) => Math.hypot(outside(x, box.x, box.width), outside(y, box.y, box.height));

/**
 * Returns the least by a number, the first of equals.
 * @template T
 * @param {T[]} list
 * @param {(one: T) => number} number
 * @returns {T | undefined}
 */
function least(list, number) {
  /** @type {T | undefined} */
  let best;
  let low = Infinity;
  for (const one of list) {
    const n = number(one);
    if (n < low) [best, low] = [one, n];
  }
  return best;
}

/** @param {Rect} box */
const area = (box) => box.width * box.height;

/**
 * The piece that is nearest to a point as one reads: of the panel that the point is in
 * or next to, the line at its height, and of that the piece at its side.
 * @param {Layout} layout
 * @param {number} x @param {number} y in pixels of the picture
 * @returns {{line: Line, piece: Piece} | null}
 */
export function nearest(layout, x, y) {
  // A panel around others is farther away than those.
  const panel = least(layout.panels, (p) => distance(p.box, x, y) + area(p.box) * 1e-9);
  if (panel === undefined) return null;
  const line = least(panel.lines, (l) => outside(y, l.box.y, l.box.height) * 1e4 + outside(x, l.box.x, l.box.width));
  if (line === undefined) return null;
  const piece = least(line.pieces, (p) => outside(x, p.box.x, p.box.width) + outside(y, p.box.y, p.box.height) * 1e-3);
  return piece === undefined ? null : { line, piece };
}

/**
 * Whether a point is on text, or so near that who presses there means text: within the
 * space between two lines or two words.
 * @param {Layout} layout
 * @param {number} x @param {number} y
 */
export function onText(layout, x, y) {
  const found = nearest(layout, x, y);
  if (found === null) return false;
  const slack = Math.min(found.line.box.height, 48) * 0.6;
  return outside(y, found.line.box.y, found.line.box.height) <= slack && outside(x, found.line.box.x, found.line.box.width) <= slack * 2;
}

/**
 * Where in a piece a point is.
 * @param {string} text of the piece
 * @param {Piece} piece
 * @param {number} x
 * @param {(text: string) => number} measure how wide a text is, in any unit
 * @returns {number} the place between two characters, in UTF-16 units from the piece's start
 */
export function caret(text, piece, x, measure) {
  let part = piece.box.width > 0 ? (x - piece.box.x) / piece.box.width : 0;
  if (piece.rtl) part = 1 - part;
  if (part <= 0) return 0;
  if (part >= 1) return text.length;
  const stops = charactersOf(text);
  const whole = text.length > 512 ? 0 : measure(text);
  /** @param {number} stop */
  const at = (stop) => (whole > 0 ? measure(text.slice(0, stop)) / whole : stop / text.length);
  let [low, high] = [0, stops.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (at(stops[middle] ?? 0) <= part) low = middle;
    else high = middle;
  }
  const [before, after] = [stops[low] ?? 0, stops[high] ?? text.length];
  return part - at(before) <= at(after) - part ? before : after;
}

/**
 * The places between characters, as people count them, from 0 to the end.
 * @param {string} text
 * @returns {number[]}
 */
function charactersOf(text) {
  const stops = [0];
  if (text.length <= 512 && "Segmenter" in Intl) {
    for (const s of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) stops.push(s.index + s.segment.length);
    return stops;
  }
  for (let i = 1; i <= text.length; i++) {
    const code = text.charCodeAt(i);
    if (i === text.length || !(code >= 0xdc00 && code < 0xe000)) stops.push(i);
  }
  return stops;
}
