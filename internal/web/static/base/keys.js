// Keys of a page. None fires while somebody types, or with Ctrl, Alt or the
// system's key, and all of them can be turned off.

/**
 * @typedef {object} Binding
 * @property {string | string[]} key as KeyboardEvent.key has it; letters in lower case
 * @property {boolean} [shift] whether Shift must be held; undefined where the key itself says so ("?", "<")
 * @property {string} help what it does, for the help dialog; empty leaves it out
 * @property {string} [group] where the help dialog lists it
 * @property {(event: KeyboardEvent) => void | boolean} run false lets the browser have the key after all
 */

/** @type {Binding[]} */
const bindings = [];
/** @type {(() => boolean)[]} */
const layers = [];

/** Whether the keys are on. They are at each start: nothing is kept in the browser. */
let on = true;

/** @param {boolean} value */
export function turn(value) {
  on = value;
}

export function isOn() {
  return on;
}

/**
 * Binds a key until the returned function is called. What is bound last comes first.
 * @param {Binding} binding
 * @returns {() => void}
 */
export function bind(binding) {
  listen();
  bindings.unshift(binding);
  return () => {
    const i = bindings.indexOf(binding);
    if (i >= 0) bindings.splice(i, 1);
  };
}

/**
 * Adds a layer that Escape closes, the topmost first. close returns false when there
 * was nothing to close. Escape works even when the other keys are off.
 * @param {() => boolean} close
 * @returns {() => void} takes the layer away
 */
export function layer(close) {
  listen();
  layers.unshift(close);
  return () => {
    const i = layers.indexOf(close);
    if (i >= 0) layers.splice(i, 1);
  };
}

/** What is bound, in the order in which it was: for the help dialog. */
export function list() {
  return bindings.filter((b) => b.help !== "").reverse();
}

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox]):not([type=radio]):not([type=range]):not([type=button])"));
}

/** @param {KeyboardEvent} event @param {Binding} b */
function matches(event, b) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const keys = Array.isArray(b.key) ? b.key : [b.key];
  return keys.includes(key) && (b.shift === undefined || b.shift === event.shiftKey);
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Escape" && !event.ctrlKey && !event.metaKey) {
    if (typing(event.target)) /** @type {HTMLElement} */ (event.target).blur();
    if ([...layers].some((close) => close())) event.preventDefault();
    return;
  }
  if (!on || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  // A button that has the focus is pressed by these.
  const pressable = event.target instanceof HTMLElement && event.target.closest("button, a[href], summary, [role=button], [role=option]");
  if (pressable && (event.key === " " || event.key === "Enter")) return;
  if (document.querySelector("dialog[open]") && !(event.target instanceof HTMLElement && event.target.closest("[data-keys]"))) return;
  for (const b of [...bindings]) {
    if (matches(event, b) && b.run(event) !== false) {
      event.preventDefault();
      return;
    }
  }
}

let listening = false;

function listen() {
  if (listening) return;
  listening = true;
  document.addEventListener("keydown", pressed);
}
