// Keeps "Today and next" fresh: fetches the same parts every two seconds and replaces only those that changed, so that
// scrolling, focus and a selection elsewhere on the page stay where they are. The page works without it.
(() => {
  "use strict";
  const EVERY_MS = 2000;
  const live = document.getElementById("live");
  const note = document.getElementById("live-note");
  if (!live) return;

  const marks = (root) => new Map([...root.querySelectorAll("[data-key]")].map((row) => [row.dataset.key, row.dataset.mark]));

  const isBeingRead = (part) => {
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode);
  };

  const replace = (old, fresh) => {
    const before = marks(old);
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const scrolled = old.scrollTop;
    old.replaceWith(fresh);
    fresh.scrollTop = scrolled;
    for (const row of fresh.querySelectorAll("[data-key]")) {
      if (before.get(row.dataset.key) !== row.dataset.mark) row.classList.add("is-new");
    }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  };

  const told = new Map();
  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch(live.dataset.source, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const fresh of page.querySelectorAll("[data-part]")) {
      const old = document.getElementById(fresh.id);
      const html = fresh.outerHTML;
      if (!old || told.get(fresh.id) === html || isBeingRead(old)) continue;
      const isFirst = !told.has(fresh.id);
      told.set(fresh.id, html);
      if (!isFirst || old.outerHTML !== html) replace(old, fresh);
    }
  };

  const again = async () => {
    try {
      await look();
      note.hidden = true;
    } catch {
      note.hidden = false;
    }
    setTimeout(again, EVERY_MS);
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look().catch(() => {}); });
  setTimeout(again, EVERY_MS);
})();
