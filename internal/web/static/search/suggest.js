// Suggestions for the field of a search: a combobox, whose list is a listbox.
import { getJSON, query } from "../base/api.js";
import { fill, h } from "../base/dom.js";
import { dates, readRecent, recentFor, remember, replaceLast } from "./terms.js";

/** @typedef {import("./terms.js").Suggestion} Suggestion */

/** Where recent queries are kept, on a computer of the person's own. */
const KEY = "jarvis.recent";

/** @type {Record<string, string>} */
const kinds = { app: "app", device: "device", title: "title", date: "date", recent: "recent" };

/**
 * Makes the field of a form of role search suggest what may be meant.
 * @param {HTMLFormElement} form
 * @param {{own: boolean}} options own: it is the person's own computer, which keeps recent queries
 */
export function mountSuggest(form, { own }) {
  const input = /** @type {HTMLInputElement} */ (form.elements.namedItem("q"));
  const list = h("ul", { class: "suggestions", role: "listbox", id: "suggestions", "aria-label": "Suggestions", hidden: true });
  form.append(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id, "aria-haspopup": "listbox" })) {
    input.setAttribute(name, value);
  }
  const local = storage();
  const store = own ? local : null;
  if (!own) local?.removeItem(KEY);

  /** @type {Suggestion[]} */
  let shown = [];
  let chosen = -1;
  let timer = 0;
  /** @type {AbortController | null} */
  let asking = null;

  const recent = () => readRecent(store?.getItem(KEY) ?? null);

  function close() {
    clearTimeout(timer);
    asking?.abort();
    hide();
  }

  function hide() {
    list.hidden = true;
    shown = [];
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  /** @param {Suggestion[]} suggestions */
  function show(suggestions) {
    /** @type {Set<string>} */
    const seen = new Set();
    shown = suggestions.filter((s) => !seen.has(s.query) && seen.add(s.query)).slice(0, 12);
    chosen = -1;
    input.removeAttribute("aria-activedescendant");
    if (shown.length === 0) {
      hide();
      return;
    }
    fill(list, ...shown.map((s, i) => h("li", { role: "option", id: `suggestion-${i}`, "aria-selected": "false" },
      h("span", { class: "value", dir: "auto" }, s.value), h("span", { class: "kind" }, kinds[s.kind] ?? ""))));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  async function suggest() {
    asking?.abort();
    const own = asking = new AbortController();
    const text = input.value;
    const near = [...recentFor(recent(), text), ...dates(text)];
    if (text.trim() === "" || /\s$/.test(text)) {
      show(text.trim() === "" ? near : []);
      return;
    }
    show(near);
    try {
      /** @type {{items: Suggestion[]}} */
      const found = await getJSON("/api/suggest" + query({ q: text, limit: 8 }), { signal: own.signal, tries: 1 });
      if (!own.signal.aborted && document.activeElement === input) show([...near, ...found.items]);
    } catch {
      // Suggestions are a help: without them one types on.
    }
  }

  /** @param {number} to */
  function choose(to) {
    list.children[chosen]?.setAttribute("aria-selected", "false");
    chosen = to;
    const option = list.children[chosen];
    if (option === undefined) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  /** @param {Suggestion | undefined} suggestion */
  function take(suggestion) {
    if (suggestion === undefined) return;
    if (suggestion.kind === "recent") {
      input.value = suggestion.query;
      form.requestSubmit();
      return;
    }
    input.value = replaceLast(input.value, suggestion.query);
    close();
    input.focus();
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void suggest(), 80);
  });
  input.addEventListener("focus", () => {
    if (input.value === "") void suggest();
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !list.hidden;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        event.preventDefault();
        if (!open) {
          void suggest();
          return;
        }
        const count = shown.length + 1; // with the field itself
        const step = event.key === "ArrowDown" ? 1 : -1;
        choose(((chosen + 1 + step + count) % count) - 1);
        return;
      }
      case "Enter":
        if (open && chosen >= 0) {
          event.preventDefault();
          take(shown[chosen]);
        }
        return;
      case "Escape":
        if (open) {
          event.preventDefault();
          event.stopPropagation();
          close();
        }
        return;
    }
  });
  // The field keeps the focus while one points at the list.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
    if (option !== null) take(shown[[...list.children].indexOf(option)]);
  });
  form.addEventListener("submit", () => {
    try {
      store?.setItem(KEY, JSON.stringify(remember(recent(), input.value)));
    } catch {
      // It is full: the query is not kept.
    }
    close();
  });
  addEventListener("submit", (event) => {
    if (event.target instanceof HTMLFormElement && event.target.getAttribute("action") === "/sign-out") local?.removeItem(KEY);
  });
}

/** @returns {Storage | null} null where the browser refuses it */
function storage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
