// The caption: what the picture is, always there.

import { get } from "../base/dom.js";
import { shown } from "./moment.js";
import { clock, dateText, duration, iso, zoneText } from "../base/time.js";

const far = 60_000_000; // from what was asked for: more is told

/**
 * @param {HTMLElement} element #caption
 * @param {{moment: import("./moment.js").Moment, zone: string}} options
 */
export function mountCaption(element, { moment, zone }) {
  /** @param {string} name */
  const part = (name) => get(`[data-part="${name}"]`, element);
  const date = part("date");
  const time = part("time");
  const zoneName = part("zone");
  const device = part("device");
  const monitor = part("monitor");
  const off = part("off");
  const app = part("app");
  const title = part("title");

  /** @param {HTMLElement} node @param {string} text */
  function put(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  /** @param {{at: Micros, device: string, monitor: number}} where */
  function place(where) {
    put(date, dateText(where.at, zone));
    put(time, clock(where.at, zone));
    time.setAttribute("datetime", iso(where.at));
    put(zoneName, zoneText(where.at, zone));
    put(device, where.device);
    put(monitor, `monitor ${where.monitor + 1}`);
  }

  function draw() {
    const { capture } = moment.current;
    if (capture === null) return;
    element.dataset["capture"] = capture.id;
    delete element.dataset["preview"];
    place(moment.current);
    put(off, offText(moment.current.off));
    put(app, capture.app_name);
    put(title, capture.window_title);
    title.title = capture.window_title;
    document.title = `${clock(moment.current.at, zone)}, ${dateText(moment.current.at, zone)}`;
  }

  for (const type of shown) moment.addEventListener(type, draw);
  moment.addEventListener("scrubend", draw);
  moment.addEventListener("scrub", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    element.dataset["preview"] = "";
    place(detail);
    put(off, "preview");
    const minute = moment.timeline?.minute(detail.device, detail.monitor, detail.at);
    put(app, minute === undefined || minute.app.startsWith("\u0000") ? "" : minute.app);
    put(title, "");
    title.title = "";
  });
}

/**
 * How far the capture is from what was asked for.
 * @param {Micros} off
 */
export function offText(off) {
  if (Math.abs(off) < far) return "";
  return `the nearest, ${duration(off)} ${off < 0 ? "earlier" : "later"}`;
}
