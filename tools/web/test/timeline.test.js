// The timeline's parts that need no screen: what is known of time, where captures are,
// and how lanes, rulers and sheets are laid out.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { DAY, HOUR, MINUTE, SECOND, fromISO, iso, startOfDay } from "../../../internal/web/static/base/time.js";
import { Captures, decodeIndex } from "../../../internal/web/static/day/captures.js";
import { Colours } from "../../../internal/web/static/day/colours.js";
import { Hole, MIXED, OTHER, Timeline, after } from "../../../internal/web/static/day/data.js";
import { reasonOf, shownStates } from "../../../internal/web/static/day/gaps.js";
import { cellAt, cellsOf, densityOf, least, shares, spansOf } from "../../../internal/web/static/day/lanes.js";
import { wordsOf } from "../../../internal/web/static/day/preview.js";
import { instantAt, longest, marks, moved, place, shortest, span, viewOf, zoomOf, zoomed } from "../../../internal/web/static/day/ruler.js";
import { screenOf, slotOf, tilePlace } from "../../../internal/web/static/day/sheets.js";

const zone = "Europe/Berlin";
const day = startOfDay("2026-03-10", zone);

/** Minutes of a lane: [how many, captures, app, hole]. @param {[number, number, number, number][]} runs */
const lane = (...runs) => Buffer.from(runs.flatMap(([n, ...minute]) => Array(n).fill(minute).flat())).toString("base64");

/** A day of one device: an hour of app 1, ten minutes of pause, the rest app 2 but one mixed minute. */
function page(changes = {}) {
  return {
    zone, now: day + 2 * DAY, from: day, to: day + DAY,
    timeline: {
      from: day, to: day + DAY, apps: ["Editor", "Browser"],
      lanes: [{ device: "laptop", monitor: 0, minutes: lane([60, 12, 1, 0], [10, 0, 0, Hole.PAUSED], [20, 6, 2, 0], [1, 9, 254, 0], [9, 0, 0, Hole.UNCHANGED], [1340, 3, 255, 0]) }],
      holes: [
        { device: "laptop", from: day + 60 * MINUTE, to: day + 70 * MINUTE - 15 * SECOND, state: Hole.PAUSED },
        { device: "laptop", from: day + 91 * MINUTE, to: day + 100 * MINUTE, state: Hole.UNCHANGED },
      ],
      ...changes,
    },
  };
}

/** The index of captures: [milliseconds after the one before, monitor, app, flags]. */
function index(base, apps, captures) {
  const names = apps.flatMap((app) => { const text = Buffer.from(app); return [text.length & 255, text.length >> 8, ...text]; });
  const deltas = captures.flatMap(([ms]) => { const out = []; for (; ms > 127; ms = Math.floor(ms / 128)) out.push((ms & 127) | 128); out.push(ms); return out; });
  const head = Buffer.alloc(18);
  head.write("JDX1", 0);
  head.writeUInt32LE(captures.length, 4);
  head.writeBigInt64LE(BigInt(base), 8);
  head.writeUInt16LE(apps.length, 16);
  const made = Buffer.concat([head, Buffer.from(names), Buffer.from(deltas), Buffer.from([1, 2, 3].flatMap((column) => captures.map((capture) => capture[column])))]);
  return made.buffer.slice(made.byteOffset, made.byteOffset + made.length);
}

/** @type {string[]} what was asked for */
let asked = [];
/** @type {(path: URL) => any} */
let answer = () => ({});
const realFetch = globalThis.fetch;

beforeEach(() => {
  asked = [];
  globalThis.fetch = async (path) => {
    asked.push(String(path));
    const body = answer(new URL(String(path), "http://localhost"));
    return new Response(body instanceof ArrayBuffer ? body : JSON.stringify(body));
  };
});
afterEach(() => { globalThis.fetch = realFetch; });

test("Timeline/minutes and holes", () => {
  const timeline = new Timeline(page());
  assert.deepEqual(timeline.minute("laptop", 0, day + 5 * MINUTE), { count: 12, app: "Editor", hole: 0 });
  assert.deepEqual(timeline.minute("laptop", 0, day + 65 * MINUTE), { count: 0, app: "", hole: Hole.PAUSED });
  assert.equal(timeline.minute("laptop", 0, day + 90 * MINUTE).app, MIXED);
  assert.equal(timeline.minute("laptop", 0, day + 200 * MINUTE).app, OTHER);
  assert.equal(timeline.minute("laptop", 0, day - 1).hole, Hole.LOADING, "what nobody asked for is not unknown");
  assert.equal(timeline.minute("laptop", 0, day + 3 * DAY).hole, Hole.FUTURE);
  assert.equal(timeline.holeAt("laptop", day + 60 * MINUTE)?.state, Hole.PAUSED);
  assert.equal(timeline.holeAt("laptop", day + 70 * MINUTE - 15 * SECOND), null, "a hole ends where it says");
  assert.equal(timeline.holeAt("other", day + 60 * MINUTE), null);
  assert.deepEqual(timeline.apps.slice(0, 2), ["Editor", "Browser"]);
  assert.equal(timeline.shownMinute("laptop", 0, day + 95 * MINUTE), day + 90 * MINUTE, "an unchanged screen still shows");
  assert.equal(timeline.shownMinute("laptop", 0, day + 65 * MINUTE), null, "a pause shows nothing");
  assert.equal(timeline.count(day, day + 60 * MINUTE), 720);
});

test("Timeline/extends, joins holes and forgets", async () => {
  answer = (url) => {
    const [from, to] = [fromISO(url.searchParams.get("from") ?? ""), fromISO(url.searchParams.get("to") ?? "")];
    return { from: iso(from), to: iso(to), apps: ["Mail", "Editor"], lanes: [{ device: "phone", monitor: 1, minutes: lane([(to - from) / MINUTE, 1, 2, 0]) }], holes: [{ device: "laptop", from: iso(from), to: iso(to), state: Hole.OFFLINE }] };
  };
  const timeline = new Timeline(page({ holes: [{ device: "laptop", from: day, to: day + HOUR, state: Hole.OFFLINE }] }));
  await timeline.extend(day - 2 * DAY, day + 18 * HOUR);
  assert.equal(asked.length, 1);
  assert.ok(timeline.knows(day - 2 * DAY, day + 18 * HOUR));
  assert.equal(timeline.minute("phone", 1, day - HOUR).app, "Editor");
  const hole = timeline.holeAt("laptop", day + MINUTE);
  assert.ok(hole !== null && hole.from <= day - 2 * DAY && hole.to === day + HOUR, "a hole over two answers is one");
  assert.equal(timeline.holes("laptop", day - HOUR, day + HOUR).length, 1);
  await timeline.extend(day - 2 * DAY, day);
  assert.equal(asked.length, 1, "what is known is not asked for again");
  await timeline.extend(day - 80 * DAY, day - 79 * DAY);
  for (let week = 1; week < 12; week++) await timeline.extend(day - 7 * (week + 1) * DAY, day - 7 * week * DAY);
  assert.equal(timeline.knows(day, day + 18 * HOUR), false, "what is far is forgotten");
  await timeline.extend(day, day + 18 * HOUR);
  assert.ok(timeline.knows(day, day + 18 * HOUR));
});

test("Timeline/refresh replaces what may have changed", async () => {
  answer = (url) => {
    const [from, to] = [fromISO(url.searchParams.get("from") ?? ""), fromISO(url.searchParams.get("to") ?? "")];
    return { from: iso(from), to: iso(to), apps: ["New"], lanes: [{ device: "laptop", monitor: 0, minutes: lane([(to - from) / MINUTE, 1, 1, 0]) }], holes: null };
  };
  const now = Date.now() * 1000;
  const start = Math.floor(now / DAY) * DAY;
  const timeline = new Timeline({ ...page({ from: start, to: start + DAY, holes: [] }), now });
  let updates = 0;
  timeline.addEventListener("update", () => updates++);
  await timeline.refresh();
  assert.equal(timeline.minute("laptop", 0, now - MINUTE).app, "New");
  assert.equal(updates, 1);
  assert.equal(timeline.minute("laptop", 0, start).app, now - start > 12 * HOUR ? "Editor" : timeline.minute("laptop", 0, start).app, "the rest stays");
});

test("after counts what begins before", () => {
  const list = [{ from: 1 }, { from: 5 }, { from: 5 }, { from: 9 }];
  assert.deepEqual([0, 1, 4, 5, 9, 10].map((at) => after(list, at)), [0, 1, 1, 3, 4, 4]);
});

test("decodeIndex/times, monitors, apps and flags", () => {
  const base = day + 1_234_567;
  const read = decodeIndex(index(base, ["Edítor", "b"], [[0, 0, 1, 1], [1000, 1, 2, 0], [300_000, 0, 0, 2], [5, 255, 255, 0]]));
  const ms = Math.floor(base / 1000) * 1000;
  assert.deepEqual([...read.times], [ms, ms + SECOND, ms + 301 * SECOND, ms + 301_005_000]);
  assert.deepEqual(read.mark(0, 0), { at: ms, monitor: 0, app: "Edítor", titled: true, pinned: false });
  assert.deepEqual(read.mark(0, 1), { at: ms + 301 * SECOND, monitor: 0, app: "", titled: false, pinned: true });
  assert.equal(read.mark(300, 0)?.app, OTHER, "255 stands for what is more");
  assert.equal(read.mark(0, 2), null);
  assert.deepEqual([ms, ms + 1, ms + DAY].map((at) => read.before(0, at)), [0, 1, 2]);
  assert.equal(decodeIndex(index(0, [], [])).length, 0);
});

test("decodeIndex/refuses what is none", () => {
  const whole = index(day, ["a"], [[0, 0, 1, 0], [70_000, 0, 1, 0]]);
  for (let length = 0; length < whole.byteLength; length++) assert.throws(() => decodeIndex(whole.slice(0, length)), /./, `cut at ${length}`);
  assert.throws(() => decodeIndex(new ArrayBuffer(40)), /cannot read/);
});

test("Captures/neighbours, across days", async () => {
  const first = day + 8 * HOUR;
  answer = (url) => {
    if (url.pathname === "/api/captures") {
      const before = url.searchParams.get("order") === "newest";
      const n = Number(url.searchParams.get("limit"));
      return { items: Array.from({ length: Math.min(n, 3) }, (_, i) => ({ timestamp: iso(before ? day - HOUR - i * MINUTE : day + 2 * DAY + i * MINUTE), app_name: "far", pinned: false })) };
    }
    return index(first, ["a", "b"], [[0, 0, 1, 0], [1000, 1, 2, 0], [1000, 0, 1, 0], [1000, 0, 2, 0], [1000, 0, 2, 0], [1000, 0, 1, 0]]);
  };
  const captures = new Captures(new Timeline(page()));
  const at = async (from, steps) => (await captures.neighbour("laptop", 0, from, steps))?.at;
  assert.equal(await at(first, 1), first + 2 * SECOND);
  assert.equal(await at(first + 999, 1), first + 2 * SECOND, "a capture is itself to the millisecond");
  assert.equal(await at(first + 2 * SECOND, -1), first);
  assert.equal(await at(first + 2_500_000, -1), first + 2 * SECOND, "between two, the one before is one step");
  assert.equal(await at(first + 2_500_000, 1), first + 3 * SECOND);
  assert.equal(await at(first, 4), first + 5 * SECOND);
  assert.equal(await at(first, 5), day + 2 * DAY, "the next day that has some");
  assert.equal(await at(first, 7), day + 2 * DAY + 2 * MINUTE);
  assert.equal(await at(first, -1), day - HOUR);
  assert.equal(await at(first + 2 * SECOND, -3), day - HOUR - MINUTE);
  assert.equal((await captures.nearest("laptop", 0, first + 1_400_000))?.at, first + 2 * SECOND);
  assert.deepEqual(await captures.bounds("laptop", 1, first), { first: { at: first + SECOND, monitor: 1, app: "b", titled: false, pinned: false }, last: { at: first + SECOND, monitor: 1, app: "b", titled: false, pinned: false }, count: 1 });
  assert.deepEqual((await captures.appChanges("laptop", 0, day, day + DAY)).map((mark) => mark.at - first), [0, 3 * SECOND, 5 * SECOND]);
});

test("Captures/changes of app", async () => {
  const first = day + 8 * HOUR;
  answer = (url) => (url.pathname === "/api/captures" ? { items: [] } : index(first, ["a", "b"], [1, 1, 2, 2, 1, 1].map((app, i) => [i === 0 ? 0 : 1000, 0, app, 0])));
  const captures = new Captures(new Timeline(page()));
  const change = async (seconds, direction) => { const mark = await captures.appChange("laptop", 0, first + seconds * SECOND, direction); return mark === null ? null : (mark.at - first) / SECOND; };
  assert.equal(await change(0, 1), 2);
  assert.equal(await change(3, 1), 4);
  assert.equal(await change(5, 1), null);
  assert.equal(await change(5, -1), 2, "backwards, where the app before begins");
  assert.equal(await change(3, -1), 0);
  assert.equal(await change(1, -1), null);
});

test("spansOf/holes are exact, apps are whole minutes", () => {
  const timeline = new Timeline(page());
  const spans = spansOf(timeline, "laptop", [0], day, day + 2 * HOUR);
  assert.deepEqual(spans.map((s) => [s.kind, s.app, s.state, (s.from - day) / SECOND, (s.to - day) / SECOND]), [
    ["app", "Editor", 0, 0, 3600],
    ["hole", "", Hole.PAUSED, 3600, 4185],
    ["line", "", Hole.UNCHANGED, 4185, 4200],
    ["app", "Browser", 0, 4200, 5400],
    ["app", MIXED, 0, 5400, 5460],
    ["line", MIXED, Hole.UNCHANGED, 5460, 6000],
    ["app", OTHER, 0, 6000, 7200],
  ]);
});

test("spansOf/no time is blank", () => {
  const timeline = new Timeline(page());
  for (const [from, to] of [[day - DAY, day + DAY], [day + DAY - HOUR, day + 4 * DAY], [day + 90 * DAY, day + 91 * DAY]]) {
    const spans = spansOf(timeline, "laptop", [0], from, to);
    let at = Math.floor(from / MINUTE) * MINUTE;
    for (const found of spans) {
      assert.equal(found.from, at);
      assert.ok(found.to > found.from);
      at = found.to;
    }
    assert.ok(at >= to);
  }
  assert.equal(spansOf(timeline, "laptop", [0], day - HOUR, day)[0]?.state, Hole.LOADING);
  assert.equal(spansOf(timeline, "laptop", [0], day + 3 * DAY, day + 3 * DAY + HOUR).at(-1)?.state, Hole.FUTURE);
});

test("cellsOf/cells are wide enough, and tell what they hold", () => {
  const minutes = lane(...Array.from({ length: 720 }, (_, i) => /** @type {[number, number, number, number]} */ ([2, 5, 1 + (i % 2), 0])));
  const timeline = new Timeline(page({ lanes: [{ device: "laptop", monitor: 0, minutes }], holes: [] }));
  const spans = spansOf(timeline, "laptop", [0], day, day + DAY);
  for (const width of [300, 390, 1000, 1264, 3700]) {
    const view = { from: day, to: day + DAY };
    const cells = cellsOf(spans, view, width);
    let edge = 0;
    for (const cell of cells) {
      assert.ok(Math.abs(cell.x - edge) < 1e-6, "cells follow each other");
      assert.ok(cell.width >= least - 1e-6 || cell === cells.at(-1), `a cell of ${cell.width} pixels at ${width}`);
      edge = cell.x + cell.width;
      assert.equal(cell.kind === "mixed", new Set(cell.spans.map((s) => s.app)).size > 1);
    }
    assert.ok(Math.abs(edge - width) < 1);
    assert.ok(cells.length <= width / least + 1);
  }
});

test("cellsOf/a sliver between two is mixed, an unchanged minute of one app is not", () => {
  const make = (kind, app, from, to, state = 0) => ({ kind, app, state, from: day + from * MINUTE, to: day + to * MINUTE });
  const view = { from: day, to: day + DAY };
  const sliver = cellsOf([make("app", "a", 0, 700), make("app", "b", 700, 701), make("hole", "", 701, 702, Hole.FAILED), make("app", "a", 702, 1440)], view, 720);
  assert.deepEqual(sliver.map((cell) => [cell.kind, cell.x, cell.width]), [["app", 0, 350], ["mixed", 350, 2], ["app", 352, 368]]);
  assert.deepEqual(wordsOf(sliver[1] ?? null), ["b 1 min", "failed 1 min"]);
  const same = cellsOf([make("app", "a", 0, 1), make("line", "a", 1, 2, Hole.UNCHANGED), make("app", "a", 2, 4)], view, 720);
  assert.equal(same[0]?.kind, "app");
  assert.equal(cellAt(sliver, 351)?.kind, "mixed");
  assert.equal(cellAt(sliver, 719.9)?.app, "a");
  assert.equal(cellAt(sliver, 720), null);
  assert.equal(shares(sliver[1]?.spans ?? []).length, 2);
});

test("densityOf/captures a minute in each column", () => {
  const timeline = new Timeline(page());
  const view = { from: day, to: day + DAY };
  const wide = densityOf(timeline, timeline.lanes, view, 1440);
  assert.equal(wide[0], 12);
  assert.equal(wide[65], 0);
  const narrow = densityOf(timeline, timeline.lanes, view, 24);
  assert.equal(narrow[0], 12);
  assert.ok(Math.abs((narrow[1] ?? 0) - (20 * 6 + 9 + 20 * 3) / 60) < 0.01);
  assert.equal(densityOf(timeline, timeline.lanes, { from: day - DAY, to: day }, 10).some((n) => n !== 0), false);
});

test("viewOf/hours, days and weeks of the zone", () => {
  const at = day + 10 * HOUR + 20 * MINUTE + 5;
  assert.deepEqual(viewOf("hour", at, zone), { from: day + 10 * HOUR, to: day + 11 * HOUR });
  assert.deepEqual(viewOf("day", at, zone), { from: day, to: day + DAY });
  assert.equal(iso(viewOf("week", at, zone).from), "2026-03-08T23:00:00.000Z", "Monday");
  const spring = startOfDay("2026-03-29", zone);
  assert.equal(span(viewOf("day", spring, zone)), 23 * HOUR);
  assert.equal(span(viewOf("week", spring, zone)), 7 * DAY - HOUR);
  assert.equal(span(viewOf("7200", at, zone)), 2 * HOUR);
  assert.equal(span(viewOf("1", at, zone)), shortest);
  assert.equal(span(viewOf("nonsense", at, zone)), DAY);
  for (const zoom of ["hour", "day", "week", "7200"]) assert.equal(zoomOf(viewOf(zoom, at, zone), zone), zoom);
  for (const zoom of ["day", "week"]) assert.equal(zoomOf(viewOf(zoom, spring, zone), zone), zoom);
  assert.deepEqual(viewOf("hour", startOfDay("2026-03-10", "Asia/Kathmandu") + 7, "Asia/Kathmandu").from, startOfDay("2026-03-10", "Asia/Kathmandu"));
});

test("zoomed/what is under the pointer stays there", () => {
  let view = { from: day, to: day + DAY };
  const at = day + 3 * HOUR;
  const x = place(view, 1000, at);
  for (const factor of [0.5, 0.9, 0.5, 1.7, 0.3]) {
    view = zoomed(view, factor, at);
    assert.ok(Math.abs(place(view, 1000, at) - x) < 0.01);
  }
  for (let i = 0; i < 20; i++) view = zoomed(view, 0.5, at);
  assert.equal(span(view), shortest);
  for (let i = 0; i < 40; i++) view = zoomed(view, 2, at);
  assert.equal(span(view), longest);
  assert.equal(instantAt({ from: day, to: day + DAY }, 1000, -50), day);
  assert.equal(instantAt({ from: day, to: day + DAY }, 1000, 5000), day + DAY - 1);
});

test("moved/not all of it after now, nor before 1970", () => {
  const view = { from: day, to: day + DAY };
  assert.deepEqual(moved(view, HOUR, day + 10 * DAY), { from: day + HOUR, to: day + HOUR + DAY });
  assert.deepEqual(moved(view, 10 * DAY, day + 12 * HOUR), { from: day + 6 * HOUR, to: day + 6 * HOUR + DAY });
  assert.deepEqual(moved(view, HOUR, day), view);
  assert.equal(moved({ from: HOUR, to: DAY }, -DAY, day).from, 0);
});

test("marks/by the clocks of the zone", () => {
  const texts = (view, width) => marks(view, width, zone).map((mark) => mark.text);
  assert.deepEqual(texts({ from: day, to: day + DAY }, 600), ["Tue 10 Mar", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]);
  assert.deepEqual(texts(viewOf("hour", day + 9 * HOUR, zone), 400), ["09:00", "09:10", "09:20", "09:30", "09:40", "09:50"]);
  const spring = texts(viewOf("day", startOfDay("2026-03-29", zone), zone), 2400);
  assert.ok(!spring.includes("02:00") && spring.includes("03:00") && spring.length === 23);
  const autumn = texts(viewOf("day", startOfDay("2026-10-25", zone), zone), 2400);
  assert.equal(autumn.filter((text) => text === "02:00").length, 2, "an hour that comes twice has two marks");
  assert.equal(texts(viewOf("week", day, zone), 390).length, 7);
});

test("sheets/places of tiles", () => {
  const at = day + 5 * HOUR + 17 * MINUTE + 42 * SECOND;
  assert.deepEqual(slotOf("hour", at), { from: day + 5 * HOUR, n: 17 });
  assert.deepEqual(slotOf("five", at), { from: day + 5 * HOUR + 15 * MINUTE, n: 32 });
  assert.deepEqual(tilePlace(37), { x: 7 * 320, y: 3 * 180, width: 320, height: 180 });
  assert.deepEqual(screenOf({ width: 1920, height: 1080 }), { x: 0, y: 0, width: 320, height: 180 });
  assert.deepEqual(screenOf({ width: 1000, height: 1000 }), { x: 70, y: 0, width: 180, height: 180 });
  assert.deepEqual(screenOf({ width: 3200, height: 900 }), { x: 0, y: 45, width: 320, height: 90 });
});

test("reasonOf/every state has its words", () => {
  const keys = new Set();
  for (const state of Object.values(Hole)) {
    if (state === Hole.NONE) continue;
    const reason = reasonOf(state);
    for (const text of [reason.name, reason.words, reason.cause, reason.remedy, reason.icon, reason.path]) assert.ok(text.length > 0);
    keys.add(reason.key);
  }
  assert.equal(keys.size, Object.values(Hole).length - 1);
  assert.match(reasonOf(Hole.OFFLINE).words, /may still upload/);
  assert.equal(reasonOf(99).key, "unknown");
  assert.equal(new Set(shownStates).size, shownStates.length);
});

test("Colours/an app keeps its colour", () => {
  const kept = new Map();
  const memory = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const apps = Array.from({ length: 12 }, (_, i) => `app ${i}`);
  const colours = new Colours(memory, memory);
  colours.use(apps);
  assert.deepEqual(apps.map((app) => colours.slot(app)), [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0]);
  colours.use([...apps].reverse());
  assert.equal(colours.slot("app 3"), 4, "more use does not change it");
  colours.choose("app 9", 2);
  assert.equal(new Colours(memory, memory).slot("app 9"), 2);
  const again = new Colours(memory, memory);
  again.use(["app 5", "new one"]);
  assert.equal(again.slot("app 5"), 6, "the next page of the visit has the same");
  assert.ok(again.slot("new one") > 0);
  colours.reset();
  assert.equal(colours.slot("app 9"), 0);
  kept.set("jarvis.colours", '{"x": "evil", "y": 99}');
  assert.equal(new Colours(memory, undefined).slot("y"), 0);
});
