// What pages do beyond links and forms. Everything works without it; with it, it is quicker.
(() => {
  "use strict";

  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

  // --- search: / and ⌘K ------------------------------------------------------------------------------------------
  function focusSearch(event) {
    const box = document.querySelector("[data-search-everything]");
    if (!box) return;
    event.preventDefault();
    box.focus();
    box.select();
  }

  // --- lists: j and k go down and up, Enter opens, x marks --------------------------------------------------------
  const rows = () => [...document.querySelectorAll("#result_list tr.data-row, [data-rows] [data-row]")];
  let at = -1;

  function go(step) {
    const all = rows();
    if (!all.length) return;
    if (all[at]) all[at].classList.remove("hub-here");
    at = Math.min(Math.max(at + step, 0), all.length - 1);
    all[at].classList.add("hub-here");
    all[at].scrollIntoView({ block: "nearest" });
    const link = all[at].querySelector("a[href]");
    if (link) link.focus({ preventScroll: true });
  }

  function mark() {
    const box = rows()[at] && rows()[at].querySelector("input.action-select");
    if (box) box.click();
  }

  function openAtFix(link) {
    if (link) window.location.assign(`${link.href.split("#")[0]}#fix`);
  }

  // What was asked for in the background; nothing when the session has ended and the log-in page came instead.
  async function ask(url, type) {
    const answer = await fetch(url, { headers: { Accept: type } });
    return answer.ok && !answer.redirected ? answer : null;
  }

  document.addEventListener("keydown", (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") return focusSearch(event);
    if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return undefined;
    if (event.key === "/") return focusSearch(event);
    if (event.key === "j") return go(1);
    if (event.key === "k") return go(-1);
    if (event.key === "x") return mark();
    if (event.key === "f" && rows()[at]) return openAtFix(rows()[at].querySelector("a[href]"));
    const keyed = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (keyed) {
      event.preventDefault();
      if (keyed.matches("details")) keyed.open = true;
      (keyed.querySelector("input:not([type=hidden]), textarea, select, button") || keyed).focus();
      keyed.scrollIntoView({ block: "nearest" });
    }
    return undefined;
  });

  // --- codes: what was typed is completed from the codes that the other side knows -----------------------------------
  function completeCodes(input) {
    const list = document.getElementById(input.getAttribute("list"));
    let waiting = 0;
    input.addEventListener("input", () => {
      const other = input.dataset.chooses ? document.querySelector(input.dataset.chooses) : null;
      if (other && input.value) other.checked = true;
      window.clearTimeout(waiting);
      waiting = window.setTimeout(async () => {
        const url = new URL(list.dataset.url, window.location.href);
        url.searchParams.set("q", input.value);
        const answer = await ask(url, "application/json");
        if (!answer) return;
        const { codes } = await answer.json();
        list.replaceChildren(...codes.map(({ code, label }) => {
          const option = document.createElement("option");
          option.value = code;
          option.textContent = label;
          return option;
        }));
      }, 200);
    });
  }

  // --- the scope of a mapping: the button says how many it releases -----------------------------------------------------
  function sayHowMany(form) {
    const button = form.querySelector("[data-save-button]");
    for (const radio of form.querySelectorAll("[data-button]")) {
      radio.addEventListener("change", () => { if (radio.checked) button.textContent = radio.dataset.button; });
    }
  }

  // --- progress: counted down until every record has ended ---------------------------------------------------------------
  function countDown(panel) {
    const bar = panel.querySelector("progress"), told = panel.querySelector("[data-told-progress]");
    const cases = panel.querySelector("[data-waiting-cases]");
    const show = (state) => {
      bar.max = Math.max(state.total, 1);
      bar.value = state.done + state.waiting;
      told.textContent = progressWords(state);
      panel.classList.toggle("hub-finished", state.finished);
      cases.replaceChildren(...state.cases.map(waitingCase));
    };
    const look = async () => {
      const answer = await ask(panel.dataset.url, "application/json");
      if (!answer) {
        told.textContent = "The count stopped here. Reload the page to go on.";
        return;
      }
      const state = await answer.json();
      show(state);
      if (!state.finished) window.setTimeout(look, 2000);
    };
    window.setTimeout(look, 1000);
  }

  function progressWords({ total, done, running, waiting }) {
    if (!total) return "Nothing was waiting.";
    const parts = [`${done.toLocaleString("en-GB")} of ${total.toLocaleString("en-GB")} done`];
    if (running) parts.push(`${running.toLocaleString("en-GB")} still running`);
    if (waiting) parts.push(`${waiting.toLocaleString("en-GB")} waiting for something else`);
    return parts.join(" · ");
  }

  function waitingCase({ text, url, count }) {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = url;
    link.textContent = text;
    item.append(link, ` (${count})`);
    return item;
  }

  // --- what is fetched only when it is unfolded -----------------------------------------------------------------------------
  function loadWhenUnfolded(fold) {
    fold.addEventListener("toggle", async () => {
      const place = fold.querySelector("[data-loaded]");
      if (!fold.open || !place || place.dataset.loaded) return;
      place.dataset.loaded = "1";
      const answer = await ask(fold.dataset.load, "text/html");
      if (answer) place.innerHTML = await answer.text();
      else place.textContent = "It could not be shown. Reload the page and try again.";
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("input[list='hub-known-codes']").forEach(completeCodes);
    document.querySelectorAll("[data-release-form]").forEach(sayHowMany);
    document.querySelectorAll("[data-progress]").forEach(countDown);
    document.querySelectorAll("details[data-load]").forEach(loadWhenUnfolded);
    for (const button of document.querySelectorAll("[data-fill]")) {
      button.addEventListener("click", () => {
        const field = document.getElementById(button.dataset.fill);
        field.value = button.dataset.value;
        field.focus();
      });
    }
    // One press is enough: a second one would only be refused.
    for (const form of document.querySelectorAll("form[method=post]:not(#changelist-form)")) {
      form.addEventListener("submit", () => window.setTimeout(() => {
        form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = true; });
        form.querySelectorAll("[data-busy]").forEach((told) => { told.hidden = false; });
      }));
    }
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) document.querySelectorAll("button[disabled]").forEach((button) => { button.disabled = false; });
    });
  });
})();
