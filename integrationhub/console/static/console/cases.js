// What the case pages do beyond console.js: the keys a, s and ?, and runs over many cases.
(() => {
  "use strict";

  const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
  const page = () => (document.querySelector("[data-keys-about]") || { dataset: {} }).dataset.keysAbout;

  function showKeys() {
    const dialog = document.querySelector("dialog[data-keys]");
    if (dialog && !dialog.open) dialog.showModal();
  }

  // --- the list: one thing to the row that is marked by j and k, or to all that are ticked ------------------------------
  function doToMarked(action) {
    const form = document.getElementById("changelist-form");
    const choice = form && form.querySelector("select[name=action]");
    if (!choice || ![...choice.options].some((option) => option.value === action)) return;
    const here = document.querySelector("#result_list tr.hub-here input.action-select");
    if (!form.querySelector("input.action-select:checked")) {
      if (!here) return;
      here.checked = true;
    }
    choice.value = action;
    form.submit();
  }

  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
    if (event.key === "?") showKeys();
    if (page() === "list" && event.key === "a") doToMarked("assign_selected");
    if (page() === "list" && event.key === "s") doToMarked("snooze_selected");
    if (page() === "case" && event.key === "b") document.querySelector(".hub-bar nav a[href]")?.click();
  });

  // --- a run: worked off faster while the page is open, counted down until it has ended -----------------------------------------
  function follow(panel) {
    const bar = panel.querySelector("progress"), told = panel.querySelector("[data-run-told]");
    const form = panel.querySelector("[data-run-form]"), state = panel.querySelector("[data-run-state]");
    const look = async () => {
      const token = form && form.querySelector("[name=csrfmiddlewaretoken]");
      const asked = token
        ? { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": token.value } }
        : { headers: { Accept: "application/json" } };
      let answer = null;
      try { answer = await fetch(panel.dataset.url, asked); } catch { answer = null; }
      if (!answer || !answer.ok || answer.redirected) {
        told.textContent = "The count stopped here. Reload the page to go on.";
        return;
      }
      const now = await answer.json();
      bar.max = Math.max(now.total, 1);
      bar.value = now.ended;
      told.textContent = now.told;
      state.textContent = now.state;
      if (!now.over) window.setTimeout(look, 1500);
      else window.location.reload();
    };
    window.setTimeout(look, 700);
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-run]").forEach(follow);
    document.querySelectorAll("[data-show-keys]").forEach((button) => button.addEventListener("click", showKeys));
  });
})();
