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
  addEventListener("hashchange", takeLink);
  takeLink();
})();
