// The frame's logic that needs no page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { receiptText } from "../../../internal/web/static/frame/actions.js";
import { Results } from "../../../internal/web/static/frame/highlights.js";
import { caret, indices, layOut, masksOf, nearest, onText } from "../../../internal/web/static/frame/lines.js";
import { bytes, link, readingState } from "../../../internal/web/static/frame/panel.js";

const encoder = new TextEncoder();

/** Makes words of a text, whose columns and lines are 10 by 20 pixels. */
function read(text, column = 0) {
  const words = [];
  let [row, at] = [0, 0];
  for (const line of text.split("\n")) {
    for (const found of line.matchAll(/\S+/g)) {
      const start = encoder.encode(text.slice(0, at + found.index)).length;
      words.push({ text: found[0], start, end: start + encoder.encode(found[0]).length, box: { x: column + found.index * 10, y: row * 20, width: found[0].length * 10, height: 12 }, confidence: 90, masked: false });
    }
    at += line.length + 1;
    row++;
  }
  return { text, words };
}

test("indices turns bytes into places of a string", () => {
  const text = "a\u00e9\u20ac\u{1f600}b";
  const bytes = [0, 1, 3, 6, 10, 11, 99];
  assert.deepEqual(indices(text, bytes), [0, 1, 2, 3, 5, 6, 6]);
  assert.deepEqual(indices("", [0, 5]), [0, 0]);
  assert.deepEqual(indices("\ud800x", [3, 4]), [1, 2], "half a pair is three bytes, as it is sent");
});

test("indices agrees with an encoder", () => {
  const text = Array.from({ length: 400 }, (_, i) => String.fromCodePoint([0x41, 0x3b1, 0x6f22, 0x1f680][i % 4] + (i % 50))).join("");
  const starts = [];
  let at = 0;
  for (const rune of text) {
    starts.push(at);
    at += encoder.encode(rune).length;
  }
  let index = 0;
  const want = [...text].map((rune) => (index += rune.length) - rune.length);
  assert.deepEqual(indices(text, starts), want);
});

test("layOut makes lines and panels in the order of the text", () => {
  const layout = layOut(read("one two\nthr\u00e9e\n\nfour five six"));
  assert.equal(layout.panels.length, 2);
  assert.deepEqual(layout.panels.map((p) => p.lines.map((l) => l.pieces.map((w) => layout.text.slice(w.start, w.end)))), [[["one", "two"], ["thr\u00e9e"]], [["four", "five", "six"]]]);
  const pieces = layout.panels.flatMap((p) => p.lines.flatMap((l) => l.pieces));
  assert.equal(pieces.map((p) => layout.text.slice(p.start, p.next)).join(""), layout.text, "the elements have the whole text");
  assert.deepEqual(layout.panels[0].lines[0].box, { x: 0, y: 0, width: 70, height: 12 });
});

test("layOut of a text without words, or none", () => {
  assert.deepEqual(layOut({ text: "came without places", words: [] }).panels, []);
  assert.equal(layOut({ text: null, words: [] }).text, "");
});

test("layOut makes lines of a text that has too many words", () => {
  const data = read(Array.from({ length: 30 }, () => "a b c d").join("\n"));
  const layout = layOut(data, 100);
  assert.equal(layout.reduced, "lines");
  assert.equal(layout.pieces, 30);
  assert.equal(layout.panels[0].lines[0].pieces.length, 1);
  assert.equal(layout.text.slice(layout.panels[0].lines[0].pieces[0].start, layout.panels[0].lines[0].pieces[0].next), "a b c d\n");
  const cut = layOut(data, 10);
  assert.equal(cut.reduced, "cut");
  assert.equal(cut.pieces, 10);
});

test("layOut of the most words is quick and bounded", () => {
  const layout = layOut(read(Array.from({ length: 6554 }, () => "a b c d e f g h i j").join("\n")));
  assert.equal(layout.pieces, 5000);
  assert.equal(layout.reduced, "cut");
});

test("masksOf joins the places of a secret", () => {
  const at = (x) => ({ x, y: 0, width: 5, height: 5 });
  const word = (start, end, x, masked) => ({ text: "", start, end, box: at(x), confidence: 0, masked });
  assert.deepEqual(masksOf([word(0, 3, 0, false), word(4, 9, 10, true), word(9, 9, 20, true), word(10, 15, 30, true)]), [{ boxes: [at(10), at(20)] }, { boxes: [at(30)] }]);
  assert.deepEqual(masksOf([word(0, 0, 7, true)]), [{ boxes: [at(7)] }], "one that begins without text is blurred too");
  const many = masksOf(Array.from({ length: 600 }, (_, i) => word(i, i + 1, i, true)));
  assert.deepEqual(many, [{ boxes: [{ x: 0, y: 0, width: 604, height: 5 }] }], "too many are one");
  const layout = layOut({ text: "ab", words: [word(0, 2, 3, true), word(2, 2, 9, true)] });
  assert.equal(layout.pieces, 1);
  assert.equal(layout.masks[0].boxes.length, 2);
});

test("nearest stays in the line and the panel", () => {
  const layout = layOut(read("one two\nthree\nfour five six"));
  const at = (x, y) => {
    const found = nearest(layout, x, y);
    return layout.text.slice(found.piece.start, found.piece.end);
  };
  assert.equal(at(5, 5), "one");
  assert.equal(at(500, 5), "two", "right of a line is its end");
  assert.equal(at(130, 25), "three", "a short line does not give way to longer ones");
  assert.equal(at(-50, 45), "four", "left of a line is its start");
  assert.equal(at(45, 14), "two", "between lines is the nearer");
  assert.equal(at(60, 500), "five", "below all is the last line");
  assert.equal(nearest(layOut({ text: "", words: [] }), 1, 1), null);
});

test("nearest does not leap to the panel beside", () => {
  const left = read("aaa bbb\nccc");
  const right = read("xxx\nyyy\nzzz\nwww", 400);
  const offset = encoder.encode(left.text + "\n\n").length;
  const layout = layOut({ text: left.text + "\n\n" + right.text, words: [...left.words, ...right.words.map((w) => ({ ...w, start: w.start + offset, end: w.end + offset }))] });
  const found = nearest(layout, 60, 66);
  assert.equal(layout.text.slice(found.piece.start, found.piece.end), "ccc");
});

test("onText is on text and little around it", () => {
  const layout = layOut(read("one two\nthree"));
  assert.ok(onText(layout, 35, 6), "between two words");
  assert.ok(onText(layout, 20, 16), "between two lines");
  assert.ok(!onText(layout, 200, 6));
  assert.ok(!onText(layout, 20, 100));
});

test("caret finds the place between characters", () => {
  const measure = (text) => text.length;
  const piece = { start: 0, end: 5, next: 5, box: { x: 100, y: 0, width: 50, height: 10 }, rtl: false };
  assert.equal(caret("hello", piece, 90, measure), 0);
  assert.equal(caret("hello", piece, 104, measure), 0);
  assert.equal(caret("hello", piece, 106, measure), 1);
  assert.equal(caret("hello", piece, 149, measure), 5);
  assert.equal(caret("hello", piece, 400, measure), 5);
  assert.equal(caret("hello", { ...piece, rtl: true }, 149, measure), 0);
  assert.equal(caret("\u{1f600}\u{1f600}", { ...piece }, 126, measure), 2, "never within a pair");
  assert.equal(caret("e\u0301e\u0301", { ...piece }, 130, measure), 2, "never between a letter and its accent");
  assert.equal(caret("x".repeat(100_000), { ...piece }, 125, measure), 50_000);
});

/** A search of 7 results, one a minute, the newest first, three a page. */
function results(sort = "time") {
  const all = Array.from({ length: 7 }, (_, i) => {
    const at = new Date(Date.UTC(2026, 0, 24, 12, 10 - i)).toISOString();
    return { capture: { id: `id${i}`, device: "d", monitor_index: 0, timestamp: at }, from: new Date(Date.UTC(2026, 0, 24, 12, 10 - i, -20)).toISOString(), to: at, count: 2 };
  });
  const asked = [];
  const made = new Results("fox", sort, "", async (path) => {
    asked.push(path);
    const from = Number(new URL(path, "http://h").searchParams.get("cursor") ?? 0);
    return { items: all.slice(from, from + 3), next: from + 3 < all.length ? String(from + 3) : undefined };
  });
  return { made, asked, all };
}

test("Results go on in their order, and end", async () => {
  const { made, asked, all } = results();
  let found = await made.beside(all[0].capture, 1);
  const ids = [];
  while (found !== null) {
    ids.push(found.capture.id);
    found = await made.beside(found.capture, 1);
  }
  assert.deepEqual(ids, ["id1", "id2", "id3", "id4", "id5", "id6"]);
  assert.equal(asked.length, 3);
  assert.equal((await made.beside(all[3].capture, -1)).capture.id, "id2");
  assert.equal(await made.beside(all[0].capture, -1), null);
});

test("Results go on from a capture within or between them", async () => {
  const within = { id: "x", device: "d", monitor_index: 0, timestamp: "2026-01-24T12:07:50Z" };
  const between = { ...within, timestamp: "2026-01-24T12:07:30Z" };
  assert.equal((await results().made.beside(within, 1)).capture.id, "id3");
  assert.equal((await results().made.beside(within, -1)).capture.id, "id1");
  assert.equal((await results().made.beside(between, 1)).capture.id, "id3");
  assert.equal((await results().made.beside(between, -1)).capture.id, "id2");
  assert.equal((await results().made.beside({ ...within, timestamp: "2026-01-25T00:00:00Z" }, 1)).capture.id, "id0");
  assert.equal((await results().made.beside({ ...within, timestamp: "2020-01-25T00:00:00Z" }, -1)).capture.id, "id6");
  assert.equal(await results().made.beside({ ...within, timestamp: "2020-01-25T00:00:00Z" }, 1), null);
});

test("link lets only pages be opened", () => {
  assert.equal(link("https://example.org/a?b#c"), "https://example.org/a?b#c");
  for (const text of ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//example.org", "", "a b"]) assert.equal(link(text), null, text);
});

test("words for numbers and states", () => {
  assert.equal(bytes(5), "5 bytes");
  assert.equal(bytes(45_400), "45 kB");
  assert.equal(bytes(2_340_000), "2.3 MB");
  const data = { state: "read", text: "x", reason: "", engine: "tesseract 5.3.0", language: "eng", masked: 2 };
  assert.equal(readingState(data), "Read by tesseract 5.3.0 (eng), 2 masked");
  assert.equal(readingState({ ...data, state: "failed", reason: "too large" }), "Not read: too large");
  assert.equal(readingState({ ...data, state: "waiting", text: null }), "Not read yet");
  assert.match(receiptText({ removed: 1, bytes: 45_400, missing: 0, failed: 0 }), /^Deleted 1 picture .* 45 kB freed\.$/);
});
