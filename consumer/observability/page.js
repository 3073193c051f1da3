"use strict";
async function refresh() {
  try {
    const answer = await fetch("/", {cache: "no-store", signal: AbortSignal.timeout(4000)});
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["verdict", "figures"]) {
      const now = document.getElementById(id), then = fresh.getElementById(id);
      if (now.innerHTML !== then.innerHTML) now.innerHTML = then.innerHTML;
    }
    document.getElementById("lost").hidden = true;
  } catch (error) {
    document.getElementById("lost").hidden = false;
  }
  setTimeout(refresh, 5000);
}
setTimeout(refresh, 5000);
