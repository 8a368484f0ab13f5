// The home page keeps itself fresh, quietly: nothing moves while somebody types, chooses or reads with the keyboard in it.
(() => {
  "use strict";
  const EVERY = 30000;

  function busy(place) {
    const active = document.activeElement;
    return document.hidden || place.querySelector("details[open]") !== null || place.contains(active) && active !== place;
  }

  async function refresh(place) {
    if (busy(place)) return;
    const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer || !answer.ok || answer.redirected || busy(place)) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-fresh]");
    if (fresh && !busy(place)) place.replaceChildren(...fresh.childNodes);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const place = document.querySelector("[data-fresh]");
    if (place) {
      window.setInterval(() => refresh(place), Number(place.dataset.fresh) || EVERY);
      place.addEventListener("hub:refresh", () => refresh(place));
    }
    // A file comes instead of a page, so the button that was pressed may be pressed again.
    for (const form of document.querySelectorAll("form[data-downloads]")) {
      form.addEventListener("submit", () => window.setTimeout(() => {
        form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = false; });
      }, 1500));
    }
  });
})();
