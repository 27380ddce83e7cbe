// The panel at the side: the text of the picture to read and copy, and what is known
// of the capture.

import { getJSON, query } from "../base/api.js";
import { fill, h, icon } from "../base/dom.js";
import { clock, dateText, fromISO, HOUR, iso, zoneText } from "../base/time.js";

/** The longest text that is shown without being asked for, in characters: more takes long to lay out. */
const maxText = 20_000;

/**
 * Fills #panel. Its button, #panel-toggle, opens and closes it.
 * @param {HTMLElement} element
 * @param {{moment: FrameMoment, texts: import("./texts.js").Texts, layer: import("./text.js").TextLayer, zone: string, toggle: HTMLElement | null}} options
 */
export function mountPanel(element, options) {
  return new Panel(element, options);
}

export class Panel {
  /**
   * @param {HTMLElement} element
   * @param {{moment: FrameMoment, texts: import("./texts.js").Texts, layer: import("./text.js").TextLayer, zone: string, toggle: HTMLElement | null}} options
   */
  constructor(element, { moment, texts, layer, zone, toggle }) {
    this.element = element;
    this.moment = moment;
    this.texts = texts;
    this.zone = zone;
    this.toggle = toggle;
    this.note = h("p", { class: "secondary panel-note" });
    this.text = h("div", { class: "panel-text", dir: "auto", tabindex: 0, role: "region", "aria-label": "Text" });
    this.more = h("button", { type: "button", class: "button small", hidden: true, onclick: () => this.#showAll() }, "Show all of it");
    this.details = h("dl", { class: "panel-details" });
    this.around = h("ul", { class: "panel-around" });
    fill(element,
      h("div", { class: "panel-head" }, h("h2", null, "Text"),
        h("button", { type: "button", class: "button small", onclick: () => void this.#copy() }, icon("copy"), "Copy"),
        h("button", { type: "button", class: "button quiet small icon-button", "aria-label": "Close the panel", onclick: () => this.open(false) }, icon("close"))),
      this.note, this.text, this.more,
      h("h2", null, "Details"), this.details,
      h("h2", null, "Before and after"), this.around);
    element.dataset.capture = "";

    toggle?.addEventListener("click", () => this.open(element.hidden));
    moment.addEventListener("change", () => this.#show());
    moment.addEventListener("broken", () => this.#show());
    moment.addEventListener("deleted", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.capture.id !== element.dataset.capture) return;
      this.text.textContent = "";
      this.more.hidden = true;
      this.note.textContent = "This capture was deleted.";
      this.note.hidden = false;
    });
    moment.addEventListener("pinned", () => this.#showDetails());
    layer.addEventListener("text", (event) => this.#showText(/** @type {CustomEvent} */ (event).detail.data));
    layer.addEventListener("failed", (event) => {
      const { error } = /** @type {CustomEvent} */ (event).detail;
      this.note.textContent = `The text cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
    });
    this.#show();
  }

  /** @param {boolean} open */
  open(open) {
    const focused = this.element.contains(document.activeElement);
    this.element.hidden = !open;
    this.toggle?.setAttribute("aria-expanded", String(open));
    if (open) {
      this.#show();
      if (matchMedia("(max-width: 640px)").matches) /** @type {HTMLElement | null} */ (this.element.querySelector("[aria-label^=Close]"))?.focus();
    } else if (focused) this.toggle?.focus();
  }

  /** Whether it was open, for the layer that Escape closes. */
  close() {
    if (this.element.hidden || !matchMedia("(max-width: 1279px)").matches) return false;
    this.open(false);
    return true;
  }

  #show() {
    const capture = this.moment.current.capture;
    if (capture === null || this.element.hidden) return;
    if (this.element.dataset.capture !== capture.id) {
      this.element.dataset.capture = capture.id;
      this.text.textContent = "";
      this.note.textContent = "";
      this.more.hidden = true;
      this.around.replaceChildren();
      this.state = "";
    }
    const known = this.texts.peek(capture.id);
    if (known !== null) this.#showText(known.data);
    else void this.texts.get(capture.id).then(({ data }) => this.#showText(data), () => {});
    this.#showDetails();
    void this.#showAround(capture);
  }

  /** @param {CaptureTextData} data */
  #showText(data) {
    if (this.element.hidden || data.id !== this.moment.current.capture?.id) return;
    const text = data.text ?? "";
    this.text.textContent = text.slice(0, maxText);
    this.text.hidden = text === "";
    this.more.hidden = text.length <= maxText;
    const notes = [];
    if (data.state === "waiting") notes.push(data.text === null ? "This picture has not been read yet." : "This picture is being read anew.");
    if (data.state === "failed") notes.push(`This picture could not be read${data.reason === "" ? "." : `: ${data.reason}`}`);
    else if (data.text === "") notes.push("There is no text in this picture.");
    if (data.masked > 0) notes.push(`${data.masked} secret${data.masked === 1 ? " was" : "s were"} found and replaced; the places are blurred.`);
    if (text.length > maxText) notes.push(`The text has ${text.length.toLocaleString("en")} characters; the first ${maxText.toLocaleString("en")} are shown.`);
    const reduced = this.texts.peek(data.id)?.layout.reduced ?? "";
    if (reduced !== "") notes.push(reduced === "lines" ? "There are very many words: on the picture they are selected by lines." : "There are very many lines: on the picture only the first can be selected.");
    this.note.textContent = notes.join(" ");
    this.note.hidden = notes.length === 0;
    this.state = readingState(data);
    this.#showDetails();
  }

  #showAll() {
    this.text.textContent = this.texts.peek(this.element.dataset.capture ?? "")?.data.text ?? this.text.textContent;
    this.more.hidden = true;
    this.text.focus();
  }

  state = "";

  #showDetails() {
    const c = this.moment.current.capture;
    if (c === null || this.element.hidden) return;
    const at = fromISO(c.timestamp);
    const stored = fromISO(c.created_at);
    const address = link(c.url);
    /** @type {[string, import("../base/dom.js").Child | import("../base/dom.js").Child[]][]} */
    const rows = [
      ["Taken", [`${dateText(at, this.zone)}, ${clock(at, this.zone)} ${zoneText(at, this.zone)}`, h("br", null), h("span", { class: "secondary" }, iso(at))]],
      ["App", c.app_name],
      ["Title", c.window_title],
      ["Address", address === null ? c.url : h("a", { href: address, rel: "noopener noreferrer nofollow", target: "_blank", referrerpolicy: "no-referrer" }, c.url)],
      ["Device", c.device],
      ["Monitor", String(c.monitor_index + 1)],
      ["Picture", `${c.width} × ${c.height} pixels, ${bytes(c.file_size)}`],
      ["Text", this.state],
      ["Pinned", c.pinned ? "Yes: it is not deleted by age" : "No"],
      ["Stored", Number.isNaN(stored) ? "" : `${dateText(stored, this.zone)}, ${clock(stored, this.zone)}`],
      ["Made anew", c.recovered ? "From the file alone: app and title are not known" : ""],
    ];
    fill(this.details, ...rows.filter(([, value]) => value !== "").flatMap(([name, value]) => [h("dt", null, name), h("dd", { dir: "auto" }, value)]));
  }

  /**
   * The captures of the monitor before and after.
   * @param {Capture} capture
   */
  async #showAround(capture) {
    const at = fromISO(capture.timestamp);
    const of = { device: capture.device, monitor: capture.monitor_index, limit: 4 };
    try {
      const [before, after] = await Promise.all([
        getJSON("/api/captures" + query({ ...of, from: iso(at - 24 * HOUR), to: iso(at), order: "newest" }), { priority: "low" }),
        getJSON("/api/captures" + query({ ...of, from: iso(at), to: iso(at + 24 * HOUR), order: "oldest" }), { priority: "low" }),
      ]);
      if (this.element.dataset.capture !== capture.id) return;
      /** @type {Capture[]} */
      const list = [...before.items.slice(0, 3).reverse(), ...after.items.filter((/** @type {Capture} */ c) => c.id !== capture.id).slice(0, 3)];
      fill(this.around, ...list.map((c) => h("li", null, h("a", {
        href: `/frame/${c.id}`,
        onclick: (/** @type {MouseEvent} */ event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          void this.moment.go({ id: c.id }, { jump: true });
        },
      }, h("span", { class: "numbers" }, clock(fromISO(c.timestamp), this.zone)), " ", h("span", { dir: "auto", class: "isolate" }, short(c.window_title || c.app_name || "No title"))))));
      if (list.length === 0) fill(this.around, h("li", { class: "secondary" }, "None within a day."));
    } catch {
      // The banner says that the server is away.
    }
  }

  async #copy() {
    const id = this.moment.current.capture?.id;
    if (id === undefined) return;
    const text = this.texts.peek(id)?.data.text ?? "";
    try {
      await navigator.clipboard.writeText(text);
      this.note.hidden = false;
      this.note.textContent = "The text was copied.";
    } catch {
      getSelection()?.selectAllChildren(this.text);
      this.note.hidden = false;
      this.note.textContent = "The browser permits copying by a button only with HTTPS or on this computer. The text is selected: press Ctrl+C.";
    }
  }
}

/** @param {string} text */
const short = (text) => (text.length > 80 ? text.slice(0, 79) + "…" : text);

/**
 * How far a text was read, in words.
 * @param {CaptureTextData} data
 */
export function readingState(data) {
  const by = data.engine === "" ? "" : ` by ${data.engine}${data.language === "" ? "" : ` (${data.language})`}`;
  if (data.state === "waiting") return data.text === null ? "Not read yet" : "Being read anew";
  if (data.state === "failed") return `Not read: ${data.reason === "" ? "set aside" : data.reason}`;
  return (by === "" ? "Came with the picture" : `Read${by}`) + (data.masked > 0 ? `, ${data.masked} masked` : "");
}

/**
 * The address that a link may lead to, or null.
 * @param {string} text
 */
export function link(text) {
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/** @param {number} count */
export function bytes(count) {
  if (count < 1000) return `${count} bytes`;
  return count < 1_000_000 ? `${Math.round(count / 1000)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}
