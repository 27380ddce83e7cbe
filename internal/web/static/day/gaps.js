// Why there is nothing to see: each state of a hole in words, with what one can do.

import { Hole } from "./data.js";

/**
 * @typedef {object} Reason
 * @property {string} key for styles and tests
 * @property {string} name
 * @property {string} words what is written into the lane, and spoken
 * @property {string} cause
 * @property {string} remedy
 * @property {string} icon of templates/icons.html
 * @property {string} path the icon's, in a box of 16 by 16, for a canvas
 */

const bars = "M5.5 3.5v9m5-9v9";
const moon = "M13 9.5A5.5 5.5 0 1 1 6.5 3a4.5 4.5 0 0 0 6.5 6.5z";
const lock = "M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2";
const barred = "M8 2a6 6 0 1 0 .01 0zM3.8 3.8l8.4 8.4";
const away = "m2.5 2.5 11 11M5 8.5a4.5 4.5 0 0 1 2-1.3m3 .4q.6.3 1 .9M3 6a8 8 0 0 1 1.8-1.3M7.5 4A7.5 7.5 0 0 1 13 6M8 12v.1";
const bang = "M8 3v6.5M8 12.5v.1";
const question = "M5.5 5.5a2.5 2.5 0 1 1 3.7 2.2c-.8.5-1.2 1-1.2 2M8 12.5v.1";
const still = "M3 8h10";
const dial = "M8 2a6 6 0 1 0 .01 0zM8 4.5V8l2.5 1.5";
const full = "M3 4h10v8.5H3zM3 7h10M5.5 9.8h5";

/** @type {Record<number, Reason>} */
const reasons = {
  [Hole.RECORDING]: {
    key: "recording", name: "Not arrived yet", words: "not arrived yet", icon: "offline", path: away,
    cause: "The device took captures here, and they have not arrived.",
    remedy: "They appear by themselves once the device reaches this server. If they do not, look at the device: it keeps what it could not send.",
  },
  [Hole.UNCHANGED]: {
    key: "unchanged", name: "Unchanged", words: "screen unchanged", icon: "minus", path: still,
    cause: "Nothing on the screen changed, so nothing new was kept.",
    remedy: "The picture before it is what the screen showed all this time.",
  },
  [Hole.IDLE]: {
    key: "idle", name: "Idle", words: "idle", icon: "idle", path: moon,
    cause: "Nobody used the device, so it took no captures.",
    remedy: "Nothing is missing. How soon a device counts as idle is set on the device.",
  },
  [Hole.LOCKED]: {
    key: "locked", name: "Screen locked", words: "locked", icon: "locked", path: lock,
    cause: "The screen was locked. A locked screen is never captured.",
    remedy: "Nothing is missing.",
  },
  [Hole.PAUSED]: {
    key: "paused", name: "Paused", words: "paused", icon: "paused", path: bars,
    cause: "Someone at the device paused capturing.",
    remedy: "Resume capturing on the device when you want it to go on. What was on the screen meanwhile was never kept.",
  },
  [Hole.EXCLUDED]: {
    key: "excluded", name: "Excluded", words: "excluded", icon: "excluded", path: barred,
    cause: "What was on the screen is excluded by a rule, such as a private window or a named app.",
    remedy: "Change the rules on the device if it should be captured from now on.",
  },
  [Hole.SUSPENDED]: {
    key: "suspended", name: "Asleep", words: "asleep", icon: "idle", path: moon,
    cause: "The device slept.",
    remedy: "Nothing is missing.",
  },
  [Hole.SPOOL_FULL]: {
    key: "spool_full", name: "No room on the device", words: "no room", icon: "alert", path: full,
    cause: "The device had no room left to keep captures that it could not send.",
    remedy: "Give the device its connection back, or more room. What was not taken cannot be brought back.",
  },
  [Hole.FAILED]: {
    key: "failed", name: "Capturing failed", words: "failed", icon: "failed", path: bang,
    cause: "The device tried to capture its screen, and could not.",
    remedy: "Look at the device: often it lost the permission to record the screen, or a display was unplugged.",
  },
  [Hole.OFFLINE]: {
    key: "offline", name: "Offline", words: "offline, may still upload", icon: "offline", path: away,
    cause: "The device has not been heard of since this began.",
    remedy: "What it captures meanwhile may still upload: bring it online, and it sends what it kept.",
  },
  [Hole.UNKNOWN]: {
    key: "unknown", name: "Unknown", words: "unknown", icon: "unknown", path: question,
    cause: "There are no captures, and the device did not say why. It may have been off, or nothing was capturing.",
    remedy: "If the device was in use then, look whether capturing starts with it.",
  },
  [Hole.FUTURE]: {
    key: "future", name: "Not yet", words: "not yet", icon: "goto", path: dial,
    cause: "This time has not come.",
    remedy: "Switch on Live to follow new captures as they arrive.",
  },
  [Hole.LOADING]: {
    key: "loading", name: "Loading", words: "loading", icon: "goto", path: dial,
    cause: "The page is asking the server about this time.",
    remedy: "If it stays like this, the connection to the server is lost.",
  },
};

/**
 * Why a hole is one.
 * @param {number} state of data.js's Hole, but NONE
 * @returns {Reason}
 */
export function reasonOf(state) {
  return reasons[state] ?? /** @type {Reason} */ (reasons[Hole.UNKNOWN]);
}

/** Every state that has a look of its own, for a legend. */
export const shownStates = [Hole.UNCHANGED, Hole.PAUSED, Hole.IDLE, Hole.LOCKED, Hole.SUSPENDED, Hole.EXCLUDED, Hole.OFFLINE, Hole.RECORDING, Hole.FAILED, Hole.SPOOL_FULL, Hole.UNKNOWN, Hole.FUTURE];
