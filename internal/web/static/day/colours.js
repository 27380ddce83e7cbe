// Which colour an app has: one of eight, or grey. Once shown, an app keeps its colour
// for the visit; what a person chose, this browser keeps.

export const slots = 8;
const chosenKey = "jarvis.colours";
const givenKey = "jarvis.lanes";

/** @param {Storage | undefined} storage @param {string} key @returns {Map<string, number>} */
function read(storage, key) {
  try {
    const kept = JSON.parse(storage?.getItem(key) ?? "{}");
    return new Map(Object.entries(kept).filter(([, slot]) => Number.isInteger(slot) && slot >= 0 && slot <= slots).map(([app, slot]) => [app, Number(slot)]));
  } catch {
    return new Map(); // Storage is off, or holds something else.
  }
}

/** @param {Storage | undefined} storage @param {string} key @param {Map<string, number>} map */
function write(storage, key, map) {
  try {
    storage?.setItem(key, JSON.stringify(Object.fromEntries(map)));
  } catch {
    // It is for this page then.
  }
}

/** Removes what an earlier visit kept. @param {Storage | undefined} storage */
export function forget(storage) {
  try {
    storage?.removeItem(chosenKey);
  } catch {
    // Storage is off.
  }
}

/** It fires "change" when an app's colour did. */
export class Colours extends EventTarget {
  /** @type {Map<string, number>} app to 1..8, or 0 for grey: what the person chose */
  #chosen;
  /** @type {Map<string, number>} what was given during this visit */
  #given;
  /** @type {Map<string, number>} */
  #shown = new Map();
  #local;
  #session;

  /** @param {Storage} [local] @param {Storage} [session] */
  constructor(local, session) {
    super();
    this.#local = local;
    this.#session = session;
    this.#chosen = read(local, chosenKey);
    this.#given = read(session, givenKey);
  }

  /**
   * Gives the most used apps a colour each, where they have none.
   * @param {string[]} apps the most used first
   */
  use(apps) {
    const before = JSON.stringify([...this.#shown]);
    const taken = new Set(this.#chosen.values());
    const free = [];
    for (const app of this.#shown.keys()) taken.add(this.slot(app));
    const wanting = apps.filter((app) => !this.#chosen.has(app) && !this.#shown.has(app)).slice(0, slots);
    for (const app of wanting) {
      const slot = this.#given.get(app);
      if (slot === undefined || taken.has(slot)) continue;
      taken.add(slot);
      this.#shown.set(app, slot);
    }
    for (let slot = 1; slot <= slots; slot++) if (!taken.has(slot)) free.push(slot);
    for (const app of wanting) {
      if (this.#shown.has(app) || this.#given.has(app)) continue;
      const slot = free.shift();
      if (slot === undefined) break;
      this.#shown.set(app, slot);
      this.#given.set(app, slot);
    }
    if (JSON.stringify([...this.#shown]) === before) return;
    write(this.#session, givenKey, this.#given);
    this.dispatchEvent(new Event("change"));
  }

  /** The colour of an app: 1 to 8, or 0 for grey. @param {string} app */
  slot(app) {
    return this.#chosen.get(app) ?? this.#shown.get(app) ?? 0;
  }

  /** The apps that have a colour, by colour. @returns {string[]} */
  get apps() {
    const all = new Set([...this.#chosen.keys(), ...this.#shown.keys()]);
    return [...all].filter((app) => this.slot(app) > 0).sort((a, b) => this.slot(a) - this.slot(b) || (a < b ? -1 : 1));
  }

  /**
   * Gives an app the colour that the person chose.
   * @param {string} app @param {number} slot 1 to 8, or 0 for grey
   */
  choose(app, slot) {
    this.#chosen.set(app, slot);
    write(this.#local, chosenKey, this.#chosen);
    this.dispatchEvent(new Event("change"));
  }

  /** Forgets what the person chose. */
  reset() {
    this.#chosen.clear();
    write(this.#local, chosenKey, this.#chosen);
    this.dispatchEvent(new Event("change"));
  }
}
