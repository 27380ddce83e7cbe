"use strict";
function takeLink() {
  const secret = location.hash.slice(1);
  if (secret === "") return;
  history.replaceState(null, "", location.pathname);
  const field = document.getElementById("secret");
  if (field === null) return;
  field.value = secret;
  document.getElementById("code").hidden = true;
  document.getElementById("linked").hidden = false;
}
addEventListener("hashchange", takeLink);
takeLink();
