"use strict";
const secret = location.hash.slice(1);
if (secret !== "") {
  document.getElementById("secret").value = secret;
  history.replaceState(null, "", location.pathname);
}
