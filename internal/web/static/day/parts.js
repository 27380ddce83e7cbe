// What a day's view has besides its picture and its timeline, and the keys of it all.

import { get, icon } from "../base/dom.js";
import { bind, layer } from "../base/keys.js";
import { announce, toast, watchConnection } from "../base/notices.js";
import { MINUTE } from "../base/time.js";
import { mountDays } from "./days.js";
import { mountInsets } from "./insets.js";
import { Player } from "./player.js";
import { mountStrip } from "./strip.js";

const refresh = 60_000; // ms

/**
 * @param {{data: PageData, moment: import("./moment.js").Moment, timeline: import("./data.js").Timeline, viewer: FrameViewer, scrubber: import("./scrubber.js").Scrubber}} options
 */
export function mountParts({ data, moment, timeline, viewer, scrubber }) {
  const { zone } = data;
  const player = new Player({ moment, timeline, card: (card) => viewer.showCard(card) });
  window.jarvis["player"] = player;
  watchConnection();
  mountInsets(get("#insets"), { moment, timeline, zone });
  mountStrip(get("#strip"), { moment, timeline, zone });
  const days = mountDays({ moment, timeline, data });
  tell(moment);
  bindPlayer(player);
  bindKeys({ moment, timeline, scrubber, player, days });
  keepSharp(moment, viewer);
  void import("../frame/extras.js").then(({ mountExtras }) => mountExtras({ moment, viewer, data, timeline }));
  const search = /** @type {HTMLFormElement} */ (get("form[role=search]"));
  search.addEventListener("focusin", () => {
    void import("../search/suggest.js").then(({ mountSuggest }) => mountSuggest(search, { own: data.own }));
  }, { once: true });

  /** @type {(() => void) | undefined} */
  let openGoto;
  const goTo = async () => {
    const { makeGoto } = await import("./goto.js");
    openGoto ??= makeGoto({ moment, zone, now: () => Math.max(data.now, Date.now() * 1000) });
    openGoto();
  };
  const help = async () => (await import("./help.js")).openHelp();
  get("#goto").addEventListener("click", () => void goTo());
  get("#help").addEventListener("click", () => void help());
  bind({ key: "g", shift: false, help: "Go to a time", group: "Time", run: () => void goTo() });
  bind({ key: "?", help: "These keys", group: "More", run: () => void help() });
  for (const button of document.querySelectorAll("nav.bottom [data-for]")) {
    button.addEventListener("click", () => document.getElementById(button.getAttribute("data-for") ?? "")?.click());
  }

  // What was deleted is gone from the page at once.
  moment.addEventListener("deleted", (event) => {
    const { capture } = /** @type {CustomEvent} */ (event).detail;
    moment.chapters.forget(capture.id);
    moment.frames.forget(capture.id);
  });
  moment.addEventListener("highlight", (event) => {
    moment.highlight = /** @type {CustomEvent} */ (event).detail?.search ?? "";
  });
  // A day that goes on is drawn again. The playhead stays where it is.
  setInterval(() => {
    if (!document.hidden && scrubber.view.to > timeline.now) void timeline.refresh().catch(() => {});
  }, refresh);
}

/** @param {import("./moment.js").Moment} moment */
function tell(moment) {
  const frame = get("#frame");
  let waits = 0;
  moment.addEventListener("busy", (event) => {
    const { busy } = /** @type {CustomEvent} */ (event).detail;
    frame.setAttribute("aria-busy", String(busy));
    clearTimeout(waits);
    // What takes no time is not told of.
    if (busy) waits = setTimeout(() => frame.classList.add("waits"), 400);
    else frame.classList.remove("waits");
  });
  moment.addEventListener("missing", () => toast("There is no capture at this time, on any monitor."));
  moment.addEventListener("failed", (event) => {
    const { error } = /** @type {CustomEvent} */ (event).detail;
    if (error?.code !== "offline") toast(`This did not work: ${error?.message ?? "nobody knows why"}.`, { tone: "danger" });
  });
  moment.addEventListener("edge", (event) => {
    const { direction, by } = /** @type {CustomEvent} */ (event).detail;
    if (by === "play") return;
    toast(direction > 0 ? "There is nothing after this on this monitor." : "There is nothing before this on this monitor.", { seconds: 3 });
  });
  moment.addEventListener("broken", () => announce(moment.current.reason));
  // Where the server came back, what could not be shown is asked for again.
  addEventListener("jarvis:online", () => {
    const { capture, reason } = moment.current;
    moment.chapters.stale();
    if (capture !== null && reason !== "") void moment.go({ capture }, { by: "page" });
  });
}

/** @param {Player} player */
function bindPlayer(player) {
  const play = get("#play");
  const live = get("#live");
  const small = document.querySelector("nav.bottom [data-for=play]");
  play.addEventListener("click", () => player.toggle());
  live.addEventListener("click", () => player.toggleLive());
  player.addEventListener("state", () => {
    const name = player.playing ? "Pause" : "Play";
    play.setAttribute("aria-pressed", String(player.playing));
    play.setAttribute("aria-label", name);
    play.title = `${name} (Space), ${player.rate} captures a second (< and >)`;
    play.replaceChildren(icon(player.playing ? "pause" : "play"));
    small?.setAttribute("aria-pressed", String(player.playing));
    small?.replaceChildren(icon(player.playing ? "pause" : "play"), name);
    live.setAttribute("aria-pressed", String(player.live));
    document.body.classList.toggle("playing", player.playing);
  });
}

/**
 * @param {{moment: import("./moment.js").Moment, timeline: import("./data.js").Timeline, scrubber: import("./scrubber.js").Scrubber, player: Player, days: {go: (direction: 1 | -1) => Promise<void>}}} options
 */
function bindKeys({ moment, timeline, scrubber, player, days }) {
  const step = (/** @type {1 | -1} */ n) => () => {
    player.pause();
    void moment.step(n);
  };
  const minute = (/** @type {1 | -1} */ n) => () => {
    player.pause();
    void moment.stepTime(n * MINUTE);
  };
  bind({ key: "ArrowRight", shift: false, help: "The next capture", group: "Time", run: step(1) });
  bind({ key: "ArrowLeft", shift: false, help: "The capture before", group: "Time", run: step(-1) });
  bind({ key: "ArrowRight", shift: true, help: "A minute on", group: "Time", run: minute(1) });
  bind({ key: "ArrowLeft", shift: true, help: "A minute back", group: "Time", run: minute(-1) });
  bind({ key: "j", shift: false, help: "The next change of app", group: "Time", run: () => void moment.stepApp(1) });
  bind({ key: "k", shift: false, help: "The change of app before", group: "Time", run: () => void moment.stepApp(-1) });
  bind({ key: "[", help: "The day before that has captures", group: "Time", run: () => void days.go(-1) });
  bind({ key: "]", help: "The next day that has captures", group: "Time", run: () => void days.go(1) });
  bind({ key: "t", shift: false, help: "Now: the newest capture", group: "Time", run: () => void newest(moment) });
  bind({ key: "1", help: "Show an hour", group: "Timeline", run: () => scrubber.setZoom("hour") });
  bind({ key: "2", help: "Show the day", group: "Timeline", run: () => scrubber.setZoom("day") });
  bind({ key: "3", help: "Show the week", group: "Timeline", run: () => scrubber.setZoom("week") });
  bind({ key: " ", help: "Play and pause", group: "Playback", run: () => player.toggle() });
  bind({ key: "<", help: "Slower", group: "Playback", run: () => player.speed(-1) });
  bind({ key: ">", help: "Faster", group: "Playback", run: () => player.speed(1) });
  bind({ key: "m", shift: false, help: "The next monitor", group: "Screens", run: () => nextLane(moment, timeline, false) });
  bind({ key: "d", shift: false, help: "The next device", group: "Screens", run: () => nextLane(moment, timeline, true) });
  bind({
    key: "/", help: "Search", group: "More", run: () => {
      const field = /** @type {HTMLInputElement} */ (get("input[name=q]"));
      field.focus();
      field.select();
    },
  });
  layer(() => {
    if (!player.playing) return false;
    player.pause();
    return true;
  });
  layer(() => scrubber.escape());
}

/** @param {import("./moment.js").Moment} moment */
async function newest(moment) {
  const { device, monitor } = moment.current;
  const capture = await moment.chapters.newest(device, monitor).catch(() => null);
  await moment.go(capture === null ? { at: Date.now() * 1000 } : { capture }, { jump: true });
}

/**
 * Goes to the next monitor of the device, or to the next device.
 * @param {import("./moment.js").Moment} moment @param {import("./data.js").Timeline} timeline
 * @param {boolean} device
 */
function nextLane(moment, timeline, device) {
  const { current } = moment;
  const lanes = timeline.lanes;
  const names = [...new Set(lanes.map((lane) => lane.device))];
  const other = names[(names.indexOf(current.device) + 1) % names.length];
  const choices = lanes.filter((lane) => lane.device === (device ? other : current.device));
  const place = device ? 0 : (choices.findIndex((lane) => lane.monitor === current.monitor) + 1) % choices.length;
  const next = choices[place];
  if (next === undefined || (next.device === current.device && next.monitor === current.monitor)) {
    toast(device ? "There is no other device here." : "This device has no other monitor here.", { seconds: 3 });
    return;
  }
  void moment.go({ at: current.at, ...next });
}

/**
 * Brings the original where the screen shows more pixels than there are, or somebody
 * zooms.
 * @param {import("./moment.js").Moment} moment @param {FrameViewer} viewer
 */
function keepSharp(moment, viewer) {
  const wanted = () => {
    const { image } = moment.current;
    if (!moment.canSharpen || !(image instanceof HTMLImageElement)) return;
    const shown = (moment.current.capture?.width ?? 0) * viewer.zoom;
    if (shown > image.naturalWidth * 1.02) void moment.sharpen();
  };
  moment.addEventListener("rest", wanted);
  moment.addEventListener("sharpen", wanted);
  moment.addEventListener("zoom", wanted);
}

