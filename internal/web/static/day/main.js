// The view of a day. What the first picture needs is imported at once; the rest when it
// is there.

import { get, pageData } from "../base/dom.js";
import { mountCaption } from "./caption.js";
import { Chapters } from "./chapters.js";
import { Frames } from "./frames.js";
import { Moment } from "./moment.js";

const megabyte = 1 << 20;

const data = pageData();
const frame = get("#frame");
const small = matchMedia("(max-width: 640px), (pointer: coarse) and (max-width: 960px)").matches;
/** @type {Record<string, number>} */
const stats = {};
const frames = new Frames({ limit: (small ? 96 : 256) * megabyte, stage: () => frame.clientWidth * devicePixelRatio, stats });
const chapters = new Chapters();
const moment = new Moment({ chapters, frames, device: data.device, monitor: data.monitor, at: data.at, highlight: data.highlight });
window.jarvis = { moment, frames, chapters, stats };
mountCaption(get("#caption"), { moment, zone: data.zone });

/** Resolves when the picture that came with the page is there, or will not come. */
async function firstPicture() {
  const image = frame.querySelector("img.frame-image");
  if (!(image instanceof HTMLImageElement)) return null;
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  }
}

async function begin() {
  const first = await firstPicture();
  const [{ mountViewer }, { mountScrubber }, { Timeline }, { keepAddress }, { mountParts }] = await Promise.all([
    import("../frame/viewer.js"), import("./scrubber.js"), import("./data.js"), import("./address.js"), import("./parts.js"),
  ]);
  const timeline = new Timeline(data);
  moment.timeline = timeline;
  window.jarvis.timeline = timeline;
  const viewer = mountViewer(frame, { moment, timeline, span: () => scrubber.view.to - scrubber.view.from });
  if (data.capture !== null) moment.current = { ...moment.current, capture: data.capture };
  const scrubber = mountScrubber(get("#scrubber"), { timeline, moment, zone: data.zone, zoom: data.zoom, own: data.own });
  if (data.capture !== null) moment.start(data.capture, first, data.off);
  Object.assign(window.jarvis, { scrubber, viewer });
  keepAddress({ moment, scrubber, viewer, zone: data.zone });
  mountParts({ data, moment, timeline, viewer, scrubber });
  // A picture that was to come with the page, and did not, is asked for once more: this
  // time it is known why it does not come.
  if (data.capture !== null && first === null) void moment.go({ capture: data.capture }, { by: "page" });
  if (document.querySelector("#frame .steps") !== null) void import("./first.js").then(({ waitForFirst }) => waitForFirst());
  document.documentElement.dataset["ready"] = "1";
}

void begin();
