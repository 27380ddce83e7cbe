// What a frame has besides its picture. It is imported after the first frame was shown.

import { layer as onEscape } from "../base/keys.js";
import { mountActions } from "./actions.js";
import { mountHighlights } from "./highlights.js";
import { mountPanel } from "./panel.js";
import { mountText } from "./text.js";
import { Texts } from "./texts.js";

/**
 * Mounts the text layer, the highlights, the panel and the actions of the frame.
 * @param {{moment: FrameMoment, viewer: FrameViewer, data: PageData, timeline?: FrameTimeline}} options
 */
export function mountExtras({ moment, viewer, data, timeline }) {
  const texts = new Texts();
  texts.search = data.highlight;
  const layer = mountText(viewer, { moment, texts });
  const sort = new URLSearchParams(location.search).get("sort") ?? "";
  const highlights = mountHighlights(viewer, { moment, texts, layer, search: data.highlight, sort, zone: data.zone });
  const element = document.getElementById("panel");
  const panel = element === null ? null : mountPanel(element, { moment, texts, layer, zone: data.zone, toggle: document.getElementById("panel-toggle") });
  if (panel !== null) onEscape(() => panel.close());
  const actions = mountActions(viewer, { moment, texts, ...(timeline && { timeline }) });
  return { texts, layer, highlights, panel, actions };
}
