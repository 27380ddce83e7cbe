// The frame: the picture of the moment, zoomed and moved, and its layers.

/**
 * Shows a moment in #frame. It has an "zoom" event for layers.
 * @param {HTMLElement} element
 * @param {{moment: FrameMoment}} options
 * @returns {FrameViewer}
 */
export function mountViewer(element, { moment }) {
  throw new Error(`not yet: ${element.id} ${moment}`);
}
