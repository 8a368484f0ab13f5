// Keeps the words of <time data-told> fresh, and their exact time in the reader's own zone.
(() => {
  "use strict";
  const MINUTE = 60, HOUR = 3600, DAY = 86400;

  // The same words as integrationhub.adminkit.moments.span.
  function span(seconds) {
    const left = Math.max(Math.floor(seconds), 0);
    if (left < MINUTE) return `${left} s`;
    if (left < HOUR) return `${Math.floor(left / MINUTE)} min`;
    if (left < DAY) {
      const minutes = String(Math.floor((left % HOUR) / MINUTE)).padStart(2, "0");
      return `${Math.floor(left / HOUR)} h ${minutes}`;
    }
    const days = Math.floor(left / DAY), hours = Math.floor((left % DAY) / HOUR);
    return days < 3 && hours ? `${days} d ${hours} h` : `${days} d`;
  }

  function words(told, past) {
    if (told === "ago") return `${span(past)} ago`;
    if (told === "age") return span(past);
    if (told === "next") return past < 0 ? `in ${span(-past)}` : "due";
    return past < 0 ? `in ${span(-past)}` : `${span(past)} late`;
  }

  function urgency(left) {
    if (left <= 0) return "late";
    if (left <= 2 * HOUR) return "soon";
    return left <= 8 * HOUR ? "near" : "";
  }

  const exact = new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
    timeZoneName: "short",
  });

  // The server's clock decides: a laptop that is off by minutes must not show orders as late.
  let drift = 0;

  function refresh(root) {
    const now = Date.now() + drift;
    for (const element of root.querySelectorAll("time[data-told]")) {
      const at = Date.parse(element.dateTime);
      if (Number.isNaN(at)) continue;
      const past = (now - at) / 1000, told = element.dataset.told;
      const text = words(told, past);
      if (element.textContent !== text) element.textContent = text;
      if (told === "until") {
        element.classList.remove("hub-due-late", "hub-due-soon", "hub-due-near");
        const urgent = urgency(-past);
        if (urgent) element.classList.add(`hub-due-${urgent}`);
      }
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const stamp = document.querySelector("[data-server-now]");
    if (stamp) drift = Date.parse(stamp.dataset.serverNow) - Date.now();
    for (const element of document.querySelectorAll("time[datetime]")) {
      const at = Date.parse(element.dateTime);
      if (!Number.isNaN(at)) element.title = exact.format(at);
    }
    window.setInterval(() => refresh(document), 10000);
  });
})();
