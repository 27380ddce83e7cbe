// What is done with a capture: pin, copy, download, delete.

import { getBlob, getJSON, query, send } from "../base/api.js";
import { h, icon } from "../base/dom.js";
import { bind, layer as onEscape } from "../base/keys.js";
import { announce, toast } from "../base/notices.js";
import { fromISO, HOUR, iso } from "../base/time.js";
import { bytes } from "./panel.js";
import { tool } from "./viewer.js";

/** How long a deletion can be undone, in seconds. */
const undoable = 10;

/**
 * Adds the buttons to the viewer's tools, and their keys.
 * @param {FrameViewer} viewer
 * @param {{moment: FrameMoment, texts: import("./texts.js").Texts, timeline?: FrameTimeline}} options
 */
export function mountActions(viewer, options) {
  return new Actions(viewer, options);
}

export class Actions {
  /** @type {Map<string, () => void>} the deletions that can be undone, by capture */
  #leaving = new Map();
  /** @type {Set<string>} what is deleted, and may still be looked at */
  #gone = new Set();
  /** @type {HTMLElement | null} */
  #asked = null;

  /**
   * @param {FrameViewer} viewer
   * @param {{moment: FrameMoment, texts: import("./texts.js").Texts, timeline?: FrameTimeline}} options
   */
  constructor(viewer, { moment, texts, timeline }) {
    this.viewer = viewer;
    this.moment = moment;
    this.texts = texts;
    this.timeline = timeline;
    this.copies = isSecureContext && typeof ClipboardItem === "function" && navigator.clipboard !== undefined;

    this.pinButton = tool("pin", "Pin (p)", () => void this.pin(), { "aria-pressed": "false", class: "tool tool-pin" });
    this.deleteButton = tool("delete", "Delete… (Delete)", () => this.ask(), { "aria-expanded": "false" });
    this.buttons = h("div", { class: "tool-group", role: "group", "aria-label": "This capture" },
      this.pinButton,
      tool("link", "Copy the link (y)", () => void this.copyLink()),
      tool("copy", "Copy the picture (Shift+C)", () => void this.copyImage()),
      tool("download", "Download the original", () => this.download()),
      tool("text", "Download the text", () => void this.downloadText()),
      this.deleteButton);
    viewer.tools.append(this.buttons);

    const group = "This capture";
    bind({ key: "p", shift: false, help: "Pin or unpin: what is pinned is not deleted by age", group, run: () => void this.pin() });
    bind({ key: "y", shift: false, help: "Copy the link", group, run: () => void this.copyLink() });
    bind({ key: "c", shift: true, help: "Copy the picture", group, run: () => void this.copyImage() });
    bind({ key: "Delete", help: "Delete this capture", group, run: () => this.ask() });
    onEscape(() => this.#closeQuestion());
    // Who comes back to a page that was left finds what was there.
    addEventListener("pagehide", () => {
      for (const undo of [...this.#leaving.values()]) undo();
    });
    moment.addEventListener("change", () => this.#changed());
    moment.addEventListener("broken", (event) => {
      const { capture, code } = /** @type {CustomEvent<{capture: Capture, code?: string}>} */ (event).detail;
      if (code === "deleted") this.#gone.add(capture.id);
      this.#changed();
    });
    this.#changed();
  }

  /** What something can be done with. */
  get capture() {
    const { capture } = this.moment.current;
    return capture === null || this.#gone.has(capture.id) ? null : capture;
  }

  #changed() {
    this.#closeQuestion();
    const capture = this.capture;
    const pinned = capture?.pinned ?? false;
    this.pinButton.setAttribute("aria-pressed", String(pinned));
    const label = pinned ? "Unpin (p)" : "Pin (p)";
    this.pinButton.setAttribute("aria-label", label);
    this.pinButton.title = label;
    for (const button of this.buttons.querySelectorAll("button")) button.disabled = capture === null;
    this.viewer.element.classList.toggle("leaving", capture !== null && this.#leaving.has(capture.id));
  }

  async pin() {
    const capture = this.capture;
    if (capture === null) return;
    const pinned = !capture.pinned;
    capture.pinned = pinned;
    this.#changed();
    try {
      await send(`/api/captures/${capture.id}/pin`, pinned ? "PUT" : "DELETE", undefined, { tries: 3 });
      announce(pinned ? "Pinned" : "Unpinned");
    } catch (error) {
      capture.pinned = !pinned;
      if (this.capture === capture) this.#changed();
      failed(pinned ? "This capture could not be pinned" : "This capture could not be unpinned", error);
    }
    this.moment.dispatchEvent(new CustomEvent("pinned", { detail: { capture } }));
  }

  async copyLink() {
    const capture = this.capture;
    if (capture === null) return;
    const link = new URL(`/frame/${capture.id}`, location.origin).href;
    try {
      await navigator.clipboard.writeText(link);
      toast("The link was copied. Only who can sign in here can open it.");
    } catch {
      // Without HTTPS there is no clipboard for scripts; the link can be taken by hand.
      const field = h("input", { class: "field", readonly: true, value: link, "aria-label": "The link" });
      this.#question("Copy this link: the browser lets a page do so only with HTTPS or on this computer.", field);
      field.select();
    }
  }

  async copyImage() {
    const capture = this.capture;
    if (capture === null) return;
    if (!this.copies) {
      this.#question("A picture can be copied only with HTTPS or on the server's own computer: the browser does not let this page do it. Download it instead?",
        h("button", { type: "button", class: "button primary", onclick: () => { this.#closeQuestion(); this.download(); } }, "Download"));
      return;
    }
    try {
      // The promise keeps the permission that the key press gave.
      await navigator.clipboard.write([new ClipboardItem({ "image/png": pngOf(capture) })]);
      toast("The picture was copied.");
    } catch (error) {
      failed("The picture could not be copied", error);
    }
  }

  download() {
    const capture = this.capture;
    if (capture !== null) save(`/api/captures/${capture.id}/image?download=1`, "");
  }

  async downloadText() {
    const capture = this.capture;
    if (capture === null) return;
    try {
      const { data } = await this.texts.get(capture.id);
      if (data.text === null) {
        toast(data.state === "failed" ? "This picture could not be read: there is no text." : "This picture has not been read yet: there is no text.");
        return;
      }
      const url = URL.createObjectURL(new Blob([data.text], { type: "text/plain;charset=utf-8" }));
      save(url, `${iso(Math.floor(fromISO(capture.timestamp) / 1e6) * 1e6).replaceAll(":", "-")}_${capture.id}.txt`);
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      failed("The text could not be downloaded", error);
    }
  }

  /** Asks whether to delete, in place. */
  ask() {
    const capture = this.capture;
    if (capture === null || this.#leaving.has(capture.id)) return;
    if (this.deleteButton.getAttribute("aria-expanded") === "true") return void this.#closeQuestion();
    const pinned = capture.pinned ? " It is pinned." : "";
    this.#question(`Delete this capture for good: picture, text and what finds it?${pinned} You can undo it for ${undoable} seconds.`,
      h("button", { type: "button", class: "button danger primary", onclick: () => this.#leave(capture) }, "Delete"));
    this.deleteButton.setAttribute("aria-expanded", "true");
  }

  /**
   * Shows a question over the picture.
   * @param {string} text
   * @param {HTMLElement} answer
   */
  #question(text, answer) {
    this.#closeQuestion();
    const opened = document.activeElement;
    this.#asked = h("div", { class: "popover frame-question", role: "alertdialog", "aria-label": text },
      h("p", null, text),
      h("p", { class: "actions" }, answer, h("button", { type: "button", class: "button", onclick: () => this.#closeQuestion() }, "Cancel")));
    this.opened = opened instanceof HTMLElement ? opened : null;
    this.viewer.element.append(this.#asked);
    answer.focus();
  }

  #closeQuestion() {
    const asked = this.#asked;
    if (asked === null) return false;
    this.#asked = null;
    const focused = asked.contains(document.activeElement);
    asked.remove();
    this.deleteButton.setAttribute("aria-expanded", "false");
    if (focused) this.opened?.focus();
    return true;
  }

  /**
   * Counts down, and deletes when nobody undid it. Leaving the page before leaves the
   * capture where it is.
   * @param {Capture} capture
   */
  #leave(capture) {
    this.#closeQuestion();
    const until = performance.now() + undoable * 1000;
    const count = h("strong", { class: "toast-count numbers" }, `${undoable} s`);
    const notice = h("div", { class: "toast toast-delete", "data-capture": capture.id },
      h("span", null, "This capture is deleted in "), count,
      h("button", { type: "button", class: "button small", onclick: () => end(false) }, icon("undo"), "Undo"));
    const timer = setInterval(() => {
      const left = Math.ceil((until - performance.now()) / 1000);
      count.textContent = `${Math.max(left, 0)} s`;
      if (left <= 0) end(true);
    }, 200);
    /** @param {boolean} over */
    const end = (over) => {
      clearInterval(timer);
      notice.remove();
      this.#leaving.delete(capture.id);
      this.#changed();
      if (over) void this.#delete(capture);
      else announce("The capture stays");
    };
    this.#leaving.set(capture.id, () => end(false));
    document.getElementById("notices")?.append(notice);
    /** @type {HTMLElement | null} */ (notice.querySelector("button"))?.focus({ preventScroll: true });
    this.#changed();
  }

  /** @param {Capture} capture */
  async #delete(capture) {
    const around = await neighbours(capture);
    /** @type {{removed: number, bytes: number, missing: number, failed: number}} */
    let receipt;
    try {
      receipt = await send(`/api/captures/${capture.id}`, "DELETE");
    } catch (error) {
      failed("The capture could not be deleted and is still there", error);
      return;
    }
    this.texts.forget(capture.id);
    const looked = this.capture?.id === capture.id;
    this.#gone.add(capture.id);
    const at = fromISO(capture.timestamp);
    this.timeline?.drop?.();
    void this.timeline?.reload?.(at - HOUR, at + HOUR);
    this.moment.dispatchEvent(new CustomEvent("deleted", { detail: { capture } }));
    if (!looked) {
      toast(receiptText(receipt), { seconds: 12 });
      return;
    }
    announce(receiptText(receipt));
    this.#changed();
    this.viewer.element.querySelector(".frame-image")?.remove();
    this.viewer.showCard({
      kind: "error",
      icon: "delete",
      title: "This capture was deleted",
      text: `${receiptText(receipt)} Backups that were made before, and files that were downloaded, may still have it.`,
      actions: [
        ...(around.before === null ? [] : [{ label: "The one before", run: () => void this.moment.go({ id: around.before ?? "" }) }]),
        ...(around.after === null ? [] : [{ label: "The next one", run: () => void this.moment.go({ id: around.after ?? "" }) }]),
      ],
    });
  }
}

/**
 * What a receipt says, in words.
 * @param {{removed: number, bytes: number, missing: number, failed: number}} receipt
 */
export function receiptText(receipt) {
  const parts = [`Deleted ${receipt.removed} picture${receipt.removed === 1 ? "" : "s"} with text, search entries and small pictures; ${bytes(receipt.bytes)} freed.`];
  if (receipt.missing > 0) parts.push(`${receipt.missing} of them had no picture any more.`);
  if (receipt.failed > 0) parts.push(`${receipt.failed} could not be deleted.`);
  return parts.join(" ");
}

/**
 * The captures of the monitor that are next to one.
 * @param {Capture} capture
 * @returns {Promise<{before: string | null, after: string | null}>}
 */
async function neighbours(capture) {
  const at = fromISO(capture.timestamp);
  const of = { device: capture.device, monitor: capture.monitor_index, limit: 2 };
  /** @param {{items: Capture[]}} page */
  const other = (page) => page.items.find((c) => c.id !== capture.id)?.id ?? null;
  try {
    const [before, after] = await Promise.all([
      getJSON("/api/captures" + query({ ...of, from: iso(at - 30 * 24 * HOUR), to: iso(at), order: "newest" })),
      getJSON("/api/captures" + query({ ...of, from: iso(at), to: iso(at + 30 * 24 * HOUR), order: "oldest" })),
    ]);
    return { before: other(before), after: other(after) };
  } catch {
    return { before: null, after: null };
  }
}

/**
 * Draws the original as PNG, which is what every clipboard takes.
 * @param {Capture} capture
 * @returns {Promise<Blob>}
 */
async function pngOf(capture) {
  const blob = await getBlob(`/api/captures/${capture.id}/image`);
  if (blob.type === "image/png") return blob;
  const bitmap = await createImageBitmap(blob);
  const canvas = h("canvas", null);
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext("2d", { alpha: false })?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((png) => (png === null ? reject(new Error("the browser could not draw it")) : resolve(png)), "image/png");
  });
}

/**
 * Saves an address as a file.
 * @param {string} href
 * @param {string} name empty for the one that the server gives
 */
function save(href, name) {
  const link = h("a", { href, download: name === "" ? true : name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
}

/** @param {string} what @param {unknown} error */
function failed(what, error) {
  toast(`${what}: ${error instanceof Error ? error.message : String(error)}`, { tone: "danger", seconds: 10 });
}
