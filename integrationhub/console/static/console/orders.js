// One order's page: its timeline is fetched once the page stands, a page of it at a time.
"use strict";

(() => {
  async function fetched(url) {
    try {
      const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" }, credentials: "same-origin" });
      return answer.ok && !answer.redirected ? await answer.text() : null;
    } catch {
      return null;
    }
  }

  async function fill(place, url, { focus = false } = {}) {
    const text = await fetched(url);
    if (text === null) return;  // the link to the page of its own stays
    place.innerHTML = text;
    place.querySelectorAll("details[data-load]").forEach(loadWhenUnfolded);
    for (const link of place.querySelectorAll("[data-part-link]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        fill(place, link.dataset.partLink, { focus: true });
      });
    }
    if (focus) {
      place.tabIndex = -1;
      place.focus();
    }
  }

  function loadWhenUnfolded(fold) {
    fold.addEventListener("toggle", async () => {
      const place = fold.querySelector("[data-loaded]");
      if (!fold.open || !place || place.dataset.loaded) return;
      place.dataset.loaded = "1";
      const text = await fetched(fold.dataset.load);
      if (text === null) place.textContent = "It could not be shown. Reload the page and try again.";
      else place.innerHTML = text;
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-part]").forEach((place) => fill(place, place.dataset.part));
  });
})();
