import assert from "node:assert/strict";
import test from "node:test";

import { crop, frameAt, source } from "../../../internal/web/static/search/crop.js";
import { dates, lastTerm, readRecent, recentFor, remember, replaceLast } from "../../../internal/web/static/search/terms.js";

test("the last term of a query", () => {
  for (const [text, want] of [["", ""], ["fox", "fox"], ["fox ", ""], ["fox app:fire", "app:fire"], ['fox app:"Text Ed', 'app:"Text Ed'], ['"a b" c', "c"], ["“a b", "“a b"]]) {
    assert.equal(text.slice(lastTerm(text)), want, text);
  }
});

test("another last term", () => {
  assert.equal(replaceLast("fox app:fi", "app:Firefox"), "fox app:Firefox ");
  assert.equal(replaceLast("fox -app:fi", "app:Firefox"), "fox -app:Firefox ");
  assert.equal(replaceLast('app:"Text Ed', 'app:"Text Editor"'), 'app:"Text Editor" ');
});

test("dates", () => {
  const queries = (text) => dates(text).map((s) => s.query);
  assert.deepEqual(queries("fox yes"), ["on:yesterday"]);
  assert.deepEqual(queries("on:to"), ["on:today"]);
  assert.deepEqual(queries("after:"), ["after:today", "after:yesterday", "after:7d", "after:30d"]);
  assert.deepEqual(queries("2026-01-24"), ["on:2026-01-24", "after:2026-01-24", "before:2026-01-24"]);
  assert.deepEqual(queries("last"), ["after:1h", "after:7d", "after:30d"]);
  assert.deepEqual(queries("x"), []);
  assert.deepEqual(queries(""), []);
});

test("recent queries", () => {
  assert.deepEqual(remember(["a", "b"], " b "), ["b", "a"]);
  assert.deepEqual(remember(["a"], "  "), ["a"]);
  assert.equal(remember(Array.from({ length: 20 }, (_, i) => `q${i}`), "new").length, 20);
  assert.deepEqual(recentFor(["fox app:a", "dog"], "fo").map((s) => s.query), ["fox app:a"]);
  assert.deepEqual(recentFor(["fox"], "fox"), []);
  assert.deepEqual(readRecent("no json"), []);
  assert.deepEqual(readRecent('{"a": 1}'), []);
  assert.deepEqual(readRecent('["a", 1, "b"]'), ["a", "b"]);
  assert.deepEqual(readRecent(null), []);
});

test("a crop shows the first box whole, legible, and nothing beyond the picture", () => {
  const view = { width: 440, height: 176 };
  let seed = 7;
  const random = (most) => (seed = (seed * 48271) % 2147483647) % most;
  for (let i = 0; i < 2000; i++) {
    const picture = { width: 800 + random(4000), height: 500 + random(2000) };
    const boxes = Array.from({ length: 1 + random(4) }, () => ({ x: random(picture.width - 60), y: random(picture.height - 30), width: 10 + random(50), height: 6 + random(24) }));
    const at = crop(boxes, picture, view);
    const [first] = boxes;
    const left = at.x + first.x * at.scale, top = at.y + first.y * at.scale;
    assert.ok(left >= -0.01 && left + first.width * at.scale <= view.width + 0.01, `box ${i} across`);
    assert.ok(top >= -0.01 && top + first.height * at.scale <= view.height + 0.01, `box ${i} down`);
    assert.ok(at.x <= 0 && at.y <= 0, "no edge within");
    assert.ok(at.x + picture.width * at.scale >= view.width - 0.01 && at.y + picture.height * at.scale >= view.height - 0.01, "no edge within");
  }
  assert.deepEqual(crop([], { width: 1920, height: 1080 }, view).x, 0);
});

test("the picture that is fetched is sharp and no larger than needed", () => {
  assert.equal(source("x", 1920, 1, 1), "/api/captures/x/image");
  assert.equal(source("x", 3840, 0.5, 1), "/api/captures/x/fit?width=1920");
  assert.equal(source("x", 1920, 0.4, 1), "/api/captures/x/fit?width=1280");
  assert.equal(source("x", 1280, 0.4, 1), "/api/captures/x/image");
});

test("frames", () => {
  assert.deepEqual([0, 0.49, 0.5, 1, -1, 2].map((part) => frameAt(part, 2)), [0, 0, 1, 1, 0, 1]);
});
