// Sheets of small pictures: fetched, decoded and kept.

/** @typedef {{width: number, height: number}} Shape */

/** The sheets, of which it keeps a few. */
export class Sheets {
  /** @param {import("./data.js").Timeline} timeline */
  constructor(timeline) {
    this.timeline = timeline;
  }

  /** @param {string} device @param {number} monitor @param {Micros} at @param {Micros} span @returns {Tile | null} */
  tile(device, monitor, at, span) {
    void [device, monitor, at, span];
    return null;
  }

  /**
   * @param {CanvasRenderingContext2D} canvas @param {Micros} at @param {string} device @param {number} monitor @param {Micros} span @param {Shape} [shape]
   * @returns {boolean}
   */
  draw(canvas, at, device, monitor, span, shape) {
    void [canvas, at, device, monitor, span, shape];
    return false;
  }

  /** @param {string} device @param {number} monitor @param {Micros} at @param {Micros} span */
  prefetch(device, monitor, at, span) {
    void [device, monitor, at, span];
  }

  /** Forgets the names of what has an instant in [from, to): it may have changed. @param {Micros} from @param {Micros} to */
  stale(from, to) {
    void [from, to];
  }

  /** Forgets the pictures as well. @param {Micros} from @param {Micros} to */
  forget(from, to) {
    void [from, to];
  }

  drop() {}
}
