// Tells the server the browser's time zone, as a hint in the address. The page works without it.
(function () {
  "use strict";
  var address = new URL(window.location.href);
  var ours = document.currentScript.dataset.zone;
  var theirs = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!theirs || theirs === ours || address.searchParams.has("tz")) {
    return;
  }
  address.searchParams.set("tz", theirs);
  window.location.replace(address);
})();
