// Go to a time that somebody types. It says what it understood before it goes there.

import { h, icon } from "../base/dom.js";
import { clock, dateText, dayOf, parseMoment, zoneText } from "../base/time.js";

/**
 * Makes the dialog.
 * @param {{moment: import("./moment.js").Moment, zone: string, now: () => Micros}} options
 * @returns {() => void} opens it
 */
export function makeGoto({ moment, zone, now }) {
  const input = h("input", { class: "field", name: "moment", type: "text", placeholder: "tue 15:20", autocomplete: "off", spellcheck: "false", autocapitalize: "off", "aria-describedby": "goto-read", "aria-labelledby": "goto-title", maxlength: 100 });
  const read = h("output", { id: "goto-read", class: "goto-read" });
  const go = h("button", { type: "submit", class: "button primary" }, "Go");
  const form = h("form", { method: "dialog", class: "goto-form", onsubmit: submit },
    h("div", { class: "goto-line" }, input, go), read,
    h("p", { class: "hint" }, "Such as 15:20, yesterday 9:00, tue 15:20, 3 nov 2025, 2h ago."));
  const dialog = h("dialog", { class: "dialog goto", id: "goto-dialog", "aria-labelledby": "goto-title" },
    h("header", null, h("h2", { id: "goto-title" }, "Go to a time"),
      h("button", { type: "button", class: "button quiet icon-button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))),
    form);
  document.body.append(dialog);
  input.addEventListener("input", show);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  function understood() {
    // A clock alone means the day that is looked at.
    return parseMoment(input.value, now(), zone, dayOf(moment.current.at, zone));
  }

  function show() {
    const at = understood();
    go.disabled = at === null;
    read.classList.toggle("goto-unread", at === null && input.value.trim() !== "");
    if (at !== null) read.textContent = `${dateText(at, zone)}, ${clock(at, zone)} ${zoneText(at, zone)}`;
    else read.textContent = input.value.trim() === "" ? "Type a time." : "This cannot be read as a time.";
  }

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const at = understood();
    if (at === null) return;
    dialog.close();
    void moment.go({ at }, { jump: true });
  }

  return () => {
    if (dialog.open) return;
    input.value = "";
    show();
    dialog.showModal();
    input.focus();
  };
}
