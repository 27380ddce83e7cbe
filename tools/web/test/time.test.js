import assert from "node:assert/strict";
import { test } from "node:test";

import * as time from "../../../internal/web/static/base/time.js";

/** @param {string} text */
const at = (text) => {
  const read = time.fromISO(text);
  assert.ok(!Number.isNaN(read), text);
  return read;
};

test("fromISO and iso keep microseconds", () => {
  for (const text of ["2026-01-24T12:00:00.123456Z", "1970-01-01T00:00:00.000001Z", "2254-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"]) {
    assert.equal(time.iso(at(text)), text);
  }
  assert.equal(time.iso(at("2026-01-24T12:00:00+03:30")), "2026-01-24T08:30:00.000Z");
  for (const text of ["", "2026-01-24", "2026-01-24T12:00:00", "tuesday", "2026-13-01T00:00:00Z", "2026-01-24T12:00:00Z "]) {
    assert.ok(Number.isNaN(time.fromISO(text)), text);
  }
});

test("days have 23, 24 and 25 hours", () => {
  for (const [day, zone, start, hours] of /** @type {[string, string, string, number][]} */ ([
    ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00Z", 23],
    ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00Z", 25],
    ["2026-07-01", "Europe/Berlin", "2026-06-30T22:00:00Z", 24],
    // Clocks were set at a minute past midnight, and back over it.
    ["2010-03-14", "America/St_Johns", "2010-03-14T03:30:00Z", 23],
    ["2010-11-06", "America/St_Johns", "2010-11-06T02:30:00Z", 24],
    ["2010-11-07", "America/St_Johns", "2010-11-07T02:30:00Z", 25],
    ["2010-11-08", "America/St_Johns", "2010-11-08T03:30:00Z", 24],
    ["2026-03-08", "America/St_Johns", "2026-03-08T03:30:00Z", 23],
    // No midnight: clocks go from 23:59:59 to 01:00.
    ["2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z", 23],
    // A day that was skipped has no length, and half an hour is a change too.
    ["2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z", 0],
    ["2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00:00Z", 24.5],
    ["2026-01-24", "UTC", "2026-01-24T00:00:00Z", 24],
  ])) {
    const from = time.startOfDay(day, zone);
    assert.equal(time.iso(from), time.iso(at(start)), `${day} ${zone}`);
    assert.equal((time.endOfDay(day, zone) - from) / time.HOUR, hours, `${day} ${zone}`);
  }
});

test("every instant lies in its day, and days follow each other", () => {
  for (const [zone, from] of /** @type {[string, string][]} */ ([
    ["America/St_Johns", "2010-11-05T00:00:00Z"], ["America/St_Johns", "2010-03-12T00:00:00Z"],
    ["Europe/Berlin", "2026-10-23T00:00:00Z"], ["Europe/Berlin", "2026-03-27T00:00:00Z"], ["America/Sao_Paulo", "2018-11-02T00:00:00Z"],
  ])) {
    let last = "";
    for (let t = at(from), n = 0; n < 4 * 24 * 12; n++, t += 5 * time.MINUTE) {
      const day = time.dayOf(t, zone);
      assert.ok(time.startOfDay(day, zone) <= t && t < time.endOfDay(day, zone), `${time.iso(t)} in ${zone} is on ${day}`);
      assert.ok(day >= last, `${time.iso(t)} in ${zone}: ${day} after ${last}`);
      last = day;
    }
  }
});

test("instant takes the earlier of two, and goes over what clocks leave out", () => {
  const clock = { year: 2026, month: 10, day: 25, hour: 2, minute: 30, second: 0 };
  assert.equal(time.iso(time.instant(clock, "Europe/Berlin")), "2026-10-25T00:30:00.000Z");
  assert.equal(time.iso(time.instant({ ...clock, month: 3, day: 29 }, "Europe/Berlin")), "2026-03-29T01:30:00.000Z");
});

test("clock, dateText, zoneText, duration", () => {
  const t = at("2026-10-25T00:30:05.9Z");
  assert.equal(time.clock(t, "Europe/Berlin"), "02:30:05");
  assert.equal(time.clock(t + time.HOUR, "Europe/Berlin"), "02:30:05");
  assert.equal(time.clock(t, "America/St_Johns", { seconds: false }), "22:00");
  assert.equal(time.dateText(t, "Europe/Berlin"), "Sun 25 Oct 2026");
  assert.notEqual(time.zoneText(t, "Europe/Berlin"), time.zoneText(t + time.HOUR, "Europe/Berlin"));
  for (const [length, text] of /** @type {[number, string][]} */ ([
    [0, "0 s"], [42 * time.SECOND, "42 s"], [18 * time.MINUTE, "18 min"], [3 * time.HOUR, "3 h"], [3 * time.HOUR + 5 * time.MINUTE, "3 h 5 min"],
    [52 * time.HOUR, "2 d 4 h"], [-time.HOUR, "1 h"],
  ])) {
    assert.equal(time.duration(length), text);
  }
});

test("parseMoment", () => {
  const now = at("2026-11-24T14:00:00Z"); // a Tuesday, 15:00 in Berlin
  for (const [text, want] of /** @type {[string, string | null][]} */ ([
    ["now", "2026-11-24T14:00:00Z"],
    ["14:20", "2026-11-24T13:20:00Z"],
    ["15:20", "2026-11-23T14:20:00Z"], // today it has not been yet
    ["15:20:30", "2026-11-23T14:20:30Z"],
    ["9:05 pm", "2026-11-23T20:05:00Z"],
    ["9am", "2026-11-24T08:00:00Z"],
    ["12am", "2026-11-23T23:00:00Z"],
    ["tue 14:20", "2026-11-24T13:20:00Z"],
    ["tue 15:20", "2026-11-17T14:20:00Z"],
    ["Tuesday 15:20", "2026-11-17T14:20:00Z"],
    ["last tuesday 8pm", "2026-11-17T19:00:00Z"],
    ["mon", "2026-11-22T23:00:00Z"],
    ["15:20 mon", "2026-11-23T14:20:00Z"],
    ["yesterday 9:00", "2026-11-23T08:00:00Z"],
    ["yesterday at 9:00", "2026-11-23T08:00:00Z"],
    ["today 9:00", "2026-11-24T08:00:00Z"],
    ["2025-11-03 14:00", "2025-11-03T13:00:00Z"],
    ["2025-11-03T14:00", "2025-11-03T13:00:00Z"],
    ["2025-11-03", "2025-11-02T23:00:00Z"],
    ["2025-11-03T14:00:00.000001Z", "2025-11-03T14:00:00.000001Z"],
    ["3.11.2025 14:00", "2025-11-03T13:00:00Z"],
    ["3 nov 2025 9am", "2025-11-03T08:00:00Z"],
    ["nov 3", "2026-11-02T23:00:00Z"],
    ["24 dec 18:00", "2025-12-24T17:00:00Z"], // that of this year is to come
    ["2026-10-25 02:30", "2026-10-25T00:30:00Z"], // the first of two
    ["2026-03-29 02:30", "2026-03-29T01:30:00Z"], // which clocks left out
    ["2h ago", "2026-11-24T12:00:00Z"],
    ["30 min ago", "2026-11-24T13:30:00Z"],
    ["3 days ago", "2026-11-21T14:00:00Z"],
    ["", null], ["banana", null], ["25:00", null], ["13pm", null], ["2026-02-30", null], ["31 feb", null], ["7", null], ["tue 99:00", null],
  ])) {
    const read = time.parseMoment(text, now, "Europe/Berlin");
    assert.equal(read === null ? null : time.iso(read), want === null ? null : time.iso(at(want)), text);
  }
  const shown = time.parseMoment("15:20", now, "Europe/Berlin", "2025-06-01");
  assert.equal(shown, at("2025-06-01T13:20:00Z"));
  const newfoundland = time.parseMoment("2010-11-07 00:00", now, "America/St_Johns");
  assert.equal(newfoundland, at("2010-11-07T02:30:00Z"));
});
