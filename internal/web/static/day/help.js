// The keys, in a dialog, and what turns them off.

import { h, icon } from "../base/dom.js";
import { isOn, list, turn } from "../base/keys.js";

/** @type {Record<string, string>} */
const names = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space", Delete: "Del" };

/** @param {import("../base/keys.js").Binding} binding */
function keysOf(binding) {
  const keys = Array.isArray(binding.key) ? binding.key : [binding.key];
  const [key = ""] = keys;
  const shown = names[key] ?? (binding.shift && /^[a-z]$/.test(key) ? key.toUpperCase() : key);
  return binding.shift ? [h("kbd", null, "Shift"), " ", h("kbd", null, shown)] : [h("kbd", null, shown)];
}

/** Opens the dialog, which is made anew each time: modules bind keys when they come. */
export function openHelp() {
  if (document.getElementById("help-dialog") !== null) return;
  /** @type {Map<string, import("../base/keys.js").Binding[]>} */
  const groups = new Map();
  for (const binding of list()) {
    const group = binding.group ?? "More";
    groups.set(group, [...(groups.get(group) ?? []), binding]);
  }
  const toggle = h("input", { type: "checkbox", id: "keys-on", checked: isOn(), onchange: () => turn(toggle.checked) });
  const dialog = h("dialog", { class: "dialog help", id: "help-dialog", "aria-labelledby": "help-title" },
    h("header", null, h("h2", { id: "help-title" }, "Keys"),
      h("button", { type: "button", class: "button quiet icon-button", "aria-label": "Close", autofocus: true, onclick: () => dialog.close() }, icon("close"))),
    h("div", { class: "help-groups" },
      [...groups].map(([name, bindings]) => h("section", { class: "help-group" }, h("h3", null, name),
        h("dl", null, bindings.map((binding) => h("div", null, h("dt", null, keysOf(binding)), h("dd", null, binding.help))))))),
    h("p", { class: "hint" }, "On the timeline: drag to move through time, click to jump, turn the wheel to pan, Ctrl and the wheel to zoom, Shift and drag to select. Page Up and Page Down move it by 15 minutes, Home and End to the first and the last capture of the day. Escape closes one thing at a time."),
    h("p", { class: "help-switch" }, h("label", null, toggle, " Use these keys on this page"),
      h("a", { href: "/sign-in" }, "Your session"), h("a", { href: "/docs" }, "The API, for programs")),
    h("form", { method: "post", action: "/sign-out" }, h("button", { type: "submit", class: "button" }, "Sign out")));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
}
