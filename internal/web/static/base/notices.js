// What the page says beside its content: one banner for what lasts, toasts for what
// just happened, and a live region for who does not see either.

import { h, icon, get } from "./dom.js";

/** @param {string} message for screen readers only */
export function announce(message) {
  const region = live();
  // The same words twice are told twice.
  region.textContent = region.textContent === message ? message + "\u00a0" : message;
}

function live() {
  let region = document.getElementById("live-region");
  if (region === null) {
    region = h("p", { id: "live-region", class: "visually-hidden", role: "status" });
    document.body.append(region);
  }
  return region;
}

/** @type {Map<string, HTMLElement>} */
const banners = new Map();

/**
 * Shows a banner until it is taken away by clearBanner. A second one of the same name
 * replaces the first.
 * @param {string} name
 * @param {string} message
 * @param {{tone?: "info" | "warning" | "danger", action?: {label: string, run: () => void}}} [options]
 */
export function banner(name, message, options = {}) {
  clearBanner(name);
  const tone = options.tone ?? "info";
  const action = options.action;
  const element = h("div", { class: `banner banner-${tone}`, "data-banner": name },
    icon(tone === "info" ? "info" : "alert"), h("span", { class: "banner-text" }, message),
    action && h("button", { type: "button", class: "button small", onclick: action.run }, action.label));
  banners.set(name, element);
  get("#notices").append(element);
}

/** @param {string} name */
export function clearBanner(name) {
  banners.get(name)?.remove();
  banners.delete(name);
}

/**
 * @typedef {object} Toast
 * @property {() => void} close takes it away and runs neither undo nor done
 */

/**
 * Shows what happened, for some seconds: longer while it has the pointer or the focus.
 * @param {string} message
 * @param {{seconds?: number, undo?: () => void, done?: () => void, tone?: "info" | "danger", label?: string}} [options]
 *   undo gets a button; done runs when the time is over without it
 * @returns {Toast}
 */
export function toast(message, options = {}) {
  const seconds = options.seconds ?? (options.undo ? 10 : 4);
  const count = h("span", { class: "toast-count", "aria-hidden": true });
  const element = h("div", { class: `toast toast-${options.tone ?? "info"}` }, h("span", null, message));
  if (options.undo) {
    element.append(count, h("button", { type: "button", class: "button small", onclick: () => end(options.undo) }, options.label ?? "Undo"));
  }
  element.append(h("button", { type: "button", class: "button quiet small icon-button", "aria-label": "Dismiss", onclick: () => end(options.done) }, icon("close")));
  let left = seconds;
  const timer = setInterval(() => {
    if (!options.undo && element.matches(":hover, :focus-within")) return;
    left--;
    count.textContent = `${left} s`;
    if (left <= 0) end(options.done);
  }, 1000);
  count.textContent = `${left} s`;
  let over = false;
  /** @param {(() => void) | undefined} [then] */
  function end(then) {
    if (over) return;
    over = true;
    clearInterval(timer);
    element.remove();
    then?.();
  }
  get("#notices").append(element);
  return { close: () => end() };
}

/** Shows a banner while the server is away: once for a page. */
export function watchConnection() {
  addEventListener("jarvis:offline", () => banner("offline", "The connection to the server is lost. Jarvis tries again by itself; what is shown stays.", { tone: "warning" }));
  addEventListener("jarvis:online", () => {
    clearBanner("offline");
    toast("The connection is back.");
  });
}
