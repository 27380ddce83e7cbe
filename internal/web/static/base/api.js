// Requests to the server. What fails is a Failure with the code of the problem
// document; a connection that is lost is told once, tried again, and told when it is back.

/** What the server refused, or that it did not answer (status 0, code "offline"). */
export class Failure extends Error {
  /**
   * @param {string} message
   * @param {number} status
   * @param {string} code
   * @param {string} [request]
   */
  constructor(message, status, code, request = "") {
    super(message);
    this.name = "Failure";
    this.status = status;
    this.code = code;
    this.request = request;
  }
}

/** @typedef {{signal?: AbortSignal, priority?: "high" | "low" | "auto", tries?: number}} Options */

const attempts = 4;
let offline = false;

/** Whether the last request found no server. */
export function isOffline() {
  return offline;
}

/**
 * Notes whether the server answers: "jarvis:offline" and "jarvis:online" are
 * dispatched on window when that changes.
 * @param {boolean} reached
 */
export function reached(reached) {
  if (offline === !reached) return;
  offline = !reached;
  dispatchEvent(new CustomEvent(reached ? "jarvis:online" : "jarvis:offline"));
  if (offline) void knock();
}

/** Asks until the server answers again. */
async function knock() {
  for (let wait = 500; offline; wait = Math.min(wait * 2, 15_000)) {
    await pause(wait);
    try {
      await fetch("/health/ready", { cache: "no-store" });
      reached(true);
    } catch {
      // It is still away.
    }
  }
}

/**
 * Resolves after a time; rejects at once when the signal aborts.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      signal?.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/** @param {Response} response */
async function failureOf(response) {
  /** @type {Partial<ProblemData>} */
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // A proxy answered, not Jarvis.
  }
  const detail = problem.detail ?? `the server answered ${response.status}`;
  return new Failure(detail, response.status, problem.code ?? "unknown", problem.request_id);
}

/**
 * Asks, and asks again where the server is away or has no room. A session that is
 * over leads to where one signs in, and back.
 * @param {string} path
 * @param {RequestInit} init
 * @param {Options} options
 * @returns {Promise<Response>}
 */
async function ask(path, init, options) {
  const tries = options.tries ?? (init.method === undefined ? attempts : 1);
  for (let attempt = 1, wait = 250; ; attempt++, wait *= 2) {
    let response;
    try {
      response = await fetch(path, { ...init, signal: options.signal ?? null, priority: options.priority ?? "auto" });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      reached(false);
      if (attempt >= tries) throw new Failure("the server does not answer", 0, "offline");
      await pause(wait, options.signal);
      continue;
    }
    reached(true);
    if (response.ok) return response;
    if (response.status === 401) signInAgain();
    const busy = response.status === 503 || response.status === 429;
    if (!busy || attempt >= tries) throw await failureOf(response);
    const after = Number(response.headers.get("Retry-After"));
    await pause(after > 0 ? Math.min(after * 1000, 5000) : wait, options.signal);
  }
}

let leaving = false;

function signInAgain() {
  if (leaving) return;
  leaving = true;
  location.assign("/sign-in?to=" + encodeURIComponent(location.pathname + location.search));
}

/**
 * @template [T=any]
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<T>}
 */
export async function getJSON(path, options = {}) {
  return (await ask(path, { headers: { Accept: "application/json" } }, options)).json();
}

/**
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<ArrayBuffer>}
 */
export async function getBytes(path, options = {}) {
  return (await ask(path, {}, options)).arrayBuffer();
}

/**
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<Blob>}
 */
export async function getBlob(path, options = {}) {
  return (await ask(path, {}, options)).blob();
}

/**
 * Changes something. It is sent once: only what may be repeated is tried again, where
 * options.tries says so.
 * @param {string} path
 * @param {"POST" | "PUT" | "DELETE"} method
 * @param {unknown} [body] sent as JSON
 * @param {Options} [options]
 * @returns {Promise<any>} what was answered, or null
 */
export async function send(path, method, body, options = {}) {
  /** @type {RequestInit} */
  const init = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    init.headers = { ...init.headers, "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const response = await ask(path, init, options);
  const text = await response.text();
  return text === "" ? null : JSON.parse(text);
}

/**
 * Writes a query: what is undefined, null or empty is left out.
 * @param {Record<string, string | number | null | undefined>} values
 * @returns {string} with its "?", or ""
 */
export function query(values) {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") q.set(name, String(value));
  }
  const text = q.toString();
  return text === "" ? "" : "?" + text;
}
