// The scrubber: all of a time at once, and the playhead in it.

/**
 * @typedef {{from: Micros, to: Micros}} View
 * @typedef {object} Scrubber a mounted scrubber, which fires "view" {from, to, zoom} when what it shows changed and came to rest, and "range" {from, to} | null when a range was selected
 * @property {View} view
 * @property {string} zoom "hour", "day", "week", or how many seconds are shown
 * @property {(zoom: string, at?: Micros) => void} setZoom at stays where it is; the playhead where not given
 * @property {(from: Micros, to: Micros) => void} show
 * @property {View | null} range
 * @property {() => void} clearRange
 * @property {() => boolean} escape lets go of what is open or held, one layer; whether there was one
 */

/**
 * Mounts the scrubber in its element. It moves the playhead through moment only:
 * moment.scrub(at) while it is held, moment.go or moment.settle when it is let go.
 * @param {HTMLElement} element #scrubber
 * @param {{timeline: import("./data.js").Timeline, moment: any, zone: string, zoom?: string}} options
 * @returns {EventTarget & Scrubber}
 */
export function mountScrubber(element, options) {
  void element;
  void options;
  throw new Error("not yet");
}
