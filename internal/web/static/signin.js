// Takes the link's secret out of the address, where it stands after #: so it is
// neither sent nor kept by the browser's history.
"use strict";
(() => {
  function takeLink() {
    const secret = location.hash.slice(1);
    if (secret === "") return;
    history.replaceState(null, "", location.pathname + location.search);
    const field = /** @type {HTMLInputElement | null} */ (document.getElementById("secret"));
    if (field === null) return;
    field.value = secret;
    for (const [id, hidden] of /** @type {[string, boolean][]} */ ([["code", true], ["linked", false]])) {
      const element = document.getElementById(id);
      if (element !== null) element.hidden = hidden;
    }
  }
  // Nobody is signed in here: what the last one's pages kept in this browser goes.
  function forget() {
    for (const name of /** @type {const} */ (["localStorage", "sessionStorage"])) {
      try {
        const kept = window[name];
        for (const key of Object.keys(kept)) if (key.startsWith("jarvis.")) kept.removeItem(key);
      } catch { /* a browser that keeps nothing */ }
    }
  }
  if (document.getElementById("secret") !== null) forget();
  addEventListener("hashchange", takeLink);
  takeLink();
})();
