// The page of a search. The server wrote the results; this shows what they looked
// like, and helps to write the next query.
import { get, pageData } from "../base/dom.js";
import { bind } from "../base/keys.js";
import { watchConnection } from "../base/notices.js";
import { mountCards } from "./cards.js";
import { mountSuggest } from "./suggest.js";

/** @type {import("./cards.js").SearchData} */
const data = pageData();

const form = /** @type {HTMLFormElement} */ (get("form[role=search]"));
const input = /** @type {HTMLInputElement} */ (form.elements.namedItem("q"));
mountSuggest(form, { own: data.own });
const cards = mountCards(data);
watchConnection();

bind({ key: "/", help: "Search", run: () => input.select() });

/** @param {number} by */
function move(by) {
  const links = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll(".result a.open")]);
  const at = links.findIndex((link) => link === document.activeElement);
  links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}
bind({ key: "j", help: "Next result", run: () => move(1) });
bind({ key: "k", help: "Previous result", run: () => move(-1) });

// Opened on purpose and empty: one wants to type.
if (input.value === "") input.focus();
window.jarvis = { ...window.jarvis, stats: window.jarvis?.stats ?? {}, cards };
document.documentElement.dataset.ready = "1";
