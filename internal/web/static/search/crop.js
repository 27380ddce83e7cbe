// What part of a picture a card shows, and how large: nothing here touches the page.

/** @typedef {{scale: number, x: number, y: number}} Crop x and y are the picture's place in the card, in pixels of the page */

/** How high words are shown, where the picture allows: what one reads with ease. */
const legible = 15;

/**
 * Places a picture of so many pixels behind a window of so many, so that the boxes are
 * in it at a size that can be read: the first of them, and with it as many as fit.
 * @param {Rect[]} boxes in pixels of the picture
 * @param {{width: number, height: number}} picture
 * @param {{width: number, height: number}} view
 * @returns {Crop}
 */
export function crop(boxes, picture, view) {
  const fill = Math.max(view.width / picture.width, view.height / picture.height);
  const first = boxes[0];
  if (first === undefined) {
    // Nothing to point at: the upper left part, where windows have their names.
    const scale = Math.max(fill, Math.min(1, (view.width * 1.6) / picture.width));
    return { scale, x: 0, y: 0 };
  }
  const scale = Math.max(fill, Math.min(1.5, Math.max(0.4, legible / Math.max(first.height, 1))));
  const room = { width: (view.width / scale) * 0.92, height: (view.height / scale) * 0.9 };
  let around = { left: first.x, top: first.y, right: first.x + first.width, bottom: first.y + first.height };
  for (const box of boxes.slice(1)) {
    const wider = {
      left: Math.min(around.left, box.x),
      top: Math.min(around.top, box.y),
      right: Math.max(around.right, box.x + box.width),
      bottom: Math.max(around.bottom, box.y + box.height),
    };
    if (wider.right - wider.left <= room.width && wider.bottom - wider.top <= room.height) around = wider;
  }
  /** @param {number} low @param {number} high @param {number} size @param {number} seen */
  const place = (low, high, size, seen) => Math.min(0, Math.max(seen - size * scale, seen / 2 - ((low + high) / 2) * scale));
  return {
    scale,
    x: place(around.left, around.right, picture.width, view.width),
    y: place(around.top, around.bottom, picture.height, view.height),
  };
}

/**
 * The address of a picture that is sharp at a scale.
 * @param {string} id
 * @param {number} width of the picture
 * @param {number} scale
 * @param {number} density of the screen
 */
export function source(id, width, scale, density) {
  const need = Math.min(width, width * scale * density);
  const fit = [1280, 1920, 2560].find((size) => size >= need * 0.9);
  return fit === undefined || fit >= width ? `/api/captures/${id}/image` : `/api/captures/${id}/fit?width=${fit}`;
}

/**
 * Which of so many frames is at a place of a card.
 * @param {number} part of its width, 0 to 1
 * @param {number} count
 */
export function frameAt(part, count) {
  return Math.min(count - 1, Math.max(0, Math.floor(part * count)));
}
