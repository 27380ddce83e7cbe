// What a frame has besides its picture. It is imported after the first frame was shown.

/**
 * Mounts the text layer, the highlights, the panel and the actions of the frame.
 * @param {{moment: FrameMoment, viewer: FrameViewer, data: PageData, timeline?: {refresh?: (from: Micros, to: Micros) => unknown}}} options
 * @returns {Promise<void>}
 */
export async function mountExtras(options) {
  void options;
}
