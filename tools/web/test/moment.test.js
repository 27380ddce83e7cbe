// The moment's logic that needs no page: what is fetched ahead, what is kept, where
// captures are, and the address.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fromISO } from "../../../internal/web/static/base/time.js";
import { compose, parse } from "../../../internal/web/static/day/address.js";
import { Chapters, merge, timeOf } from "../../../internal/web/static/day/chapters.js";
import { LRU, fitWidth, prefetchOrder } from "../../../internal/web/static/day/frames.js";

test("prefetch: six ahead and three behind at rest", () => {
  const order = prefetchOrder(1, false);
  assert.deepEqual([...order].sort((a, b) => a - b), [-3, -2, -1, 1, 2, 3, 4, 5, 6]);
  assert.equal(order[0], 1);
  assert.deepEqual(prefetchOrder(-1, false), order.map((offset) => -offset));
});

test("prefetch: twelve ahead, and none behind, while a key is held", () => {
  assert.deepEqual(prefetchOrder(-1, true), [-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12]);
});

test("fit: the smallest width that fills the stage", () => {
  assert.equal(fitWidth(1200, 3840), 1280);
  assert.equal(fitWidth(1300, 3840), 1280, "a few pixels less are not seen");
  assert.equal(fitWidth(1440, 3840), 1920);
  assert.equal(fitWidth(3840, 3840), 2560);
  assert.equal(fitWidth(3840, 1000), 1280, "no wider than the capture");
});

test("LRU: closes what was not used for longest", () => {
  const closed = [];
  const cache = new LRU(10);
  const thing = (name, bytes) => ({ bytes, close: () => closed.push(name) });
  cache.put("a", thing("a", 4));
  cache.put("b", thing("b", 4));
  cache.get("a");
  cache.put("c", thing("c", 4));
  assert.deepEqual(closed, ["b"]);
  assert.equal(cache.size, 8);
  cache.put("d", thing("d", 40));
  assert.deepEqual(closed, ["b", "a", "c"]);
  assert.equal(cache.count, 1, "what is larger than the limit stays until the next comes");
  cache.clear();
  assert.equal(cache.size, 0);
});

const second = 1_000_000;
const start = Date.UTC(2026, 2, 3, 9) * 1000;

/** Answers as the server does, from captures that are 5 s apart. */
function server(count) {
  const all = Array.from({ length: count }, (_, i) => ({
    id: `c${String(i).padStart(6, "0")}`, timestamp: new Date((start + i * 5 * second) / 1000).toISOString(), device: "ann@laptop", monitor_index: 1,
  }));
  const asked = [];
  const get = async (path) => {
    asked.push(path);
    const q = new URL(path, "http://localhost").searchParams;
    const from = q.has("from") ? fromISO(q.get("from")) : -Infinity;
    const to = q.has("to") ? fromISO(q.get("to")) : Infinity;
    let found = all.filter((capture) => timeOf(capture) >= from && timeOf(capture) < to);
    if (q.get("order") === "newest") found.reverse();
    const limit = Number(q.get("limit"));
    const more = found.length > limit;
    found = found.slice(0, limit);
    return { items: structuredClone(found), ...(more && { next: "x" }) };
  };
  return { all, asked, get };
}

test("chapters: every neighbour, in both directions, over all pages", async () => {
  const { all, asked, get } = server(450);
  const chapters = new Chapters({ get });
  let at = await chapters.nearest("ann@laptop", 1, start + 100 * 5 * second + 100);
  assert.equal(at.id, all[100].id);
  for (let i = 101; i < all.length; i++) {
    at = await chapters.neighbour(at, 1);
    assert.equal(at.id, all[i].id);
  }
  assert.equal(await chapters.neighbour(at, 1), null);
  for (let i = all.length - 2; i >= 0; i--) {
    at = await chapters.neighbour(at, -1);
    assert.equal(at.id, all[i].id);
  }
  assert.equal(await chapters.neighbour(at, -1), null);
  assert.equal((await chapters.neighbour(at, 120)).id, all[120].id);
  assert.equal((await chapters.neighbour(at, 9999)).id, all[449].id, "the last where there are not as many");
  assert.ok(asked.length < 16, `${asked.length} requests for 450 captures`);
});

test("chapters: nearest, and the one before", async () => {
  const { all, get } = server(10);
  const chapters = new Chapters({ get });
  const between = start + 4 * 5 * second + 4 * second;
  assert.equal((await chapters.nearest("ann@laptop", 1, between)).id, all[5].id);
  assert.equal((await chapters.nearest("ann@laptop", 1, between, { earlier: true })).id, all[4].id);
  assert.equal((await chapters.nearest("ann@laptop", 1, start - 3600 * second, { earlier: true })).id, all[0].id);
  assert.equal(await new Chapters({ get: server(0).get }).nearest("ann@laptop", 1, start), null);
});

test("chapters: what was deleted does not come back", async () => {
  const { all, get } = server(10);
  const chapters = new Chapters({ get });
  const at = await chapters.nearest("ann@laptop", 1, start + 15 * second);
  chapters.forget(all[4].id);
  assert.equal((await chapters.neighbour(at, 1)).id, all[5].id);
  assert.notEqual((await chapters.nearest("ann@laptop", 1, start + 20 * second)).id, all[4].id);
});

test("chapters: one that is deleted while it is looked at is not gone back to", async () => {
  const { get, all } = server(10);
  const chapters = new Chapters({ get });
  chapters.add(all[5]);
  chapters.forget(all[5].id);
  const next = await chapters.neighbour(all[5], 1);
  assert.equal(next?.id, all[6].id);
  assert.equal((await chapters.neighbour(next, -1))?.id, all[4].id);
});

test("merge: stretches that touch become one, others stay apart", () => {
  const { all } = server(10);
  const part = (first, last) => ({ from: timeOf(all[first]), to: timeOf(all[last]), items: all.slice(first, last + 1), asked: 0, used: 0 });
  const apart = merge([part(0, 2)], part(5, 7));
  assert.equal(apart.length, 2);
  const whole = merge(apart, part(2, 5));
  assert.equal(whole.length, 1);
  assert.deepEqual(whole[0].items.map((capture) => capture.id), all.slice(0, 8).map((capture) => capture.id));
});

test("address: what is written is read", () => {
  for (const zoom of ["hour", "day", "week", "5400"]) {
    for (const highlight of ["", 'app:"a b" & c=d#e', "東京"]) {
      const state = { at: 1_773_000_000_123_457, device: "ann@läptop/2 ?&", monitor: 3, zoom, highlight };
      const address = new URL(compose(state, "Asia/Tokyo", "Asia/Tokyo"), "http://localhost");
      assert.deepEqual(parse(address), state);
      assert.equal(address.searchParams.get("tz"), "Asia/Tokyo");
    }
  }
  assert.equal(parse(new URL("http://localhost/day/2026-03-03")), null, "no instant");
  assert.equal(parse(new URL("http://localhost/frame/x?at=2026-03-03T00:00:00Z")), null);
});

test("address: the day is that of the zone", () => {
  const at = Date.UTC(2026, 2, 3, 23, 30) * 1000;
  const state = { at, device: "", monitor: 0, zoom: "day", highlight: "" };
  assert.match(compose(state, "Asia/Tokyo", null), /^\/day\/2026-03-04\?/);
  assert.match(compose(state, "America/New_York", null), /^\/day\/2026-03-03\?/);
});
