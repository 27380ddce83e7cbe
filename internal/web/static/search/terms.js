// What a person types, and what may follow it: nothing here touches the page.

const quotes = "\"“”„＂";

/**
 * Where the last term of a query begins: behind the last blank that is not within
 * quotes.
 * @param {string} text
 */
export function lastTerm(text) {
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (quotes.includes(c)) {
      quoted = !quoted;
    } else if (!quoted && /\s/.test(c)) {
      start = i + 1;
    }
  }
  return start;
}

/**
 * A query with another last term, and a blank behind it. A dash before the term stays.
 * @param {string} text
 * @param {string} term
 */
export function replaceLast(text, term) {
  const start = lastTerm(text);
  const dash = text.charAt(start) === "-" && !term.startsWith("-") ? "-" : "";
  return text.slice(0, start) + dash + term + " ";
}

/** @typedef {{kind: string, value: string, query: string}} Suggestion of jarvis.Suggestion */

/** @type {[string, string][]} */
const days = [
  ["today", "on:today"],
  ["yesterday", "on:yesterday"],
  ["the last hour", "after:1h"],
  ["the last 7 days", "after:7d"],
  ["the last 30 days", "after:30d"],
];

/**
 * Dates that the last term may become: names of days, what a condition of time may
 * have, and a date that was typed as it is.
 * @param {string} text
 * @returns {Suggestion[]}
 */
export function dates(text) {
  const typed = text.slice(lastTerm(text)).toLowerCase().replace(/^-/, "");
  if (typed === "") return [];
  const [, field = "", value = ""] = /^(on|after|before):(.*)$/.exec(typed) ?? [];
  if (field !== "") {
    const values = field === "on" ? ["today", "yesterday", "monday", "friday"] : ["today", "yesterday", "7d", "30d"];
    return values.filter((name) => name.startsWith(value)).map((name) => ({ kind: "date", value: `${field} ${name}`, query: `${field}:${name}` }));
  }
  if (/^\d{4}(-\d\d(-\d\d)?)?$/.test(typed)) {
    return ["on", "after", "before"].map((name) => ({ kind: "date", value: `${name} ${typed}`, query: `${name}:${typed}` }));
  }
  if (typed.length < 2) return [];
  return days
    .filter(([name, query]) => name.replace("the ", "").startsWith(typed) || query.startsWith(typed))
    .map(([value, query]) => ({ kind: "date", value, query }));
}

/** How many recent queries are kept, and how long one may be. */
const most = 20;
const longest = 200;

/**
 * Recent queries with one more: the last first, each once.
 * @param {string[]} recent
 * @param {string} query
 */
export function remember(recent, query) {
  const text = query.trim();
  if (text === "" || text.length > longest) return recent;
  return [text, ...recent.filter((other) => other !== text)].slice(0, most);
}

/**
 * The recent queries that begin with what was typed, or have it, and are not it.
 * @param {string[]} recent
 * @param {string} text
 * @returns {Suggestion[]}
 */
export function recentFor(recent, text) {
  const typed = text.trim().toLowerCase();
  return recent
    .filter((query) => query.toLowerCase() !== typed && query.toLowerCase().includes(typed))
    .slice(0, typed === "" ? 8 : 3)
    .map((query) => ({ kind: "recent", value: query, query }));
}

/** @param {string | null} stored @returns {string[]} */
export function readRecent(stored) {
  try {
    const list = JSON.parse(stored ?? "[]");
    return Array.isArray(list) ? list.filter((query) => typeof query === "string").slice(0, most) : [];
  } catch {
    return []; // somebody else wrote it
  }
}
