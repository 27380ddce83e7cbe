// The first capture of all: a page that has none waits for it, and shows it.

import { getJSON } from "../base/api.js";

const poll = 2000; // ms

export function waitForFirst() {
  const ask = async () => {
    try {
      if (!document.hidden && ((await getJSON("/api/captures?limit=1")).items ?? []).length > 0) return location.reload();
    } catch {
      // The server may be away: it is asked again.
    }
    setTimeout(() => void ask(), poll);
  };
  void ask();
}
