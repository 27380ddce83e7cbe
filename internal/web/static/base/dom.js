// Elements, made without ever reading markup: whatever a screen showed stays text.

/**
 * @typedef {string | number | Node | null | undefined | false} Child
 * @typedef {Record<string, any>} Attributes
 */

/**
 * Makes an element. An attribute that is null, undefined or false is left out; true
 * is the attribute without a value. "class" and "data-x" are attributes; a function
 * named "onX" listens to X; "style" is an object of properties, which are set one by
 * one, as the page's policy asks for.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes | null} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  set(element, attributes ?? {});
  append(element, children);
  return element;
}

/**
 * Sets attributes as h does.
 * @param {HTMLElement | SVGElement} element
 * @param {Attributes} attributes
 */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) {
      element.removeAttribute(name);
    } else if (name === "style") {
      for (const [property, to] of Object.entries(value)) {
        element.style.setProperty(property, String(to));
      }
    } else if (typeof value === "function") {
      element.addEventListener(name.slice(2), value);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

/**
 * Appends what h takes as children.
 * @param {Element | DocumentFragment} element
 * @param {(Child | Child[])[]} children
 */
export function append(element, children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
}

/**
 * Replaces what is in an element.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an icon of the set in templates/icons.html. It says nothing to a screen
 * reader: the button around it has a name.
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", "#i-" + name);
  svg.append(use);
  return svg;
}

/**
 * Returns the element of a selector that must be there.
 * @template {Element} [E=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {E}
 */
export function get(selector, root = document) {
  const element = root.querySelector(selector);
  if (element === null) {
    throw new Error(`the page has no ${selector}`);
  }
  return /** @type {E} */ (element);
}

/**
 * Reads the data that came with the page.
 * @template [T=PageData]
 * @returns {T}
 */
export function pageData() {
  return JSON.parse(get("#page-data").textContent ?? "null");
}

/** Whether the person asked for less motion. */
export function still() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
