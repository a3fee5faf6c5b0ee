// Works the worklist by keyboard: j, k and the arrows move, Enter opens (the title is a link), t takes, d presses the
// first of the answers, n and p turn the pages, ? lists the keys. Nothing here sends anything: it moves the focus and presses the page's buttons.
(() => {
  "use strict";
  const keys = document.getElementById("keys");
  const tasks = () => [...document.querySelectorAll("#part-work [data-task]")];
  const link = (task) => task?.querySelector("h2 a, h3 a");
  const current = () => document.activeElement?.closest("[data-task]") ?? null;
  let place = 0;

  const go = (step) => {
    const all = tasks();
    if (!all.length) return;
    const at = all.indexOf(current());
    place = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
    link(all[place])?.focus();
    all[place].scrollIntoView({ block: "nearest" });
  };

  const press = (name, value) => {
    const task = current();
    if (!task) return;
    place = tasks().indexOf(task);
    task.querySelector(`button[name="${name}"]${value ? `[value="${value}"]` : ""}`)?.click();
  };

  const turn = (way) => document.querySelector(`#part-work a[rel="${way}"]`)?.click();

  const show = () => (keys.open ? keys.close() : keys.showModal());

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "?") return void (event.preventDefault(), show());
    if (keys.open) return;
    const isArrow = event.key === "ArrowDown" || event.key === "ArrowUp";
    if (isArrow && !current()) return;
    const act = {
      j: () => go(1), ArrowDown: () => go(1), k: () => go(-1), ArrowUp: () => go(-1),
      t: () => press("do", "take"), d: () => press("done"), n: () => turn("next"), p: () => turn("prev"),
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  document.addEventListener("click", (event) => { if (event.target.closest("[data-shows-keys]")) show(); });
  const reveal = () => document.querySelectorAll("[data-shows-keys]").forEach((button) => { button.hidden = false; });
  // After a press the list is another one: the focus goes to the task that took the place of the last.
  document.addEventListener("htmx:afterSwap", () => {
    reveal();
    const all = tasks();
    if (document.activeElement === document.body && all.length) link(all[Math.min(place, all.length - 1)])?.focus();
  });
  new MutationObserver(reveal).observe(document.getElementById("live"), { childList: true });
  reveal();
})();
