// Keeps Today fresh: fetches the same parts again and again and replaces only those that changed, so that scrolling,
// focus, what is unfolded and a selection stay where they are; a part in which somebody types is left alone. The page
// works without it. It waits longer where the answer took longer, so that many open pages leave a busy service room.
(() => {
  "use strict";
  const EVERY_MS = 2000, AT_LEAST_EVERY_MS = 30000, TIMES_AS_LONG = 20;
  const live = document.getElementById("live");
  const note = document.getElementById("live-note");
  if (!live) return;

  const marks = (root) => new Map([...root.querySelectorAll("[data-key]")].map((row) => [row.dataset.key, row.dataset.mark]));

  const isBeingRead = (part) => {
    const selection = document.getSelection();
    const isTyping = part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
    const isLeaving = part.matches(".htmx-request") || part.querySelector(".htmx-request, button:active") !== null;
    return isTyping || isLeaving || (selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode));
  };

  const news = document.getElementById("live-news");
  const tell = (fresh, before) => {
    const added = [...fresh.querySelectorAll("[data-task]")].filter((row) => !before.has(row.dataset.key));
    if (added.length && news) news.textContent = added.map((row) => row.querySelector("h2, h3").textContent).join(". ");
  };

  const replace = (old, fresh) => {
    const before = marks(old);
    const held = old.contains(document.activeElement) ? document.activeElement : null;
    const row = held?.closest("[data-task]")?.dataset.key;
    const press = held?.matches("button") ? `button[name="${held.name}"][value="${held.value}"]` : "h2 a, h3 a";
    const focused = held?.id || "";
    const scrolled = old.scrollTop;
    for (const open of old.querySelectorAll("details[open][id]")) {
      fresh.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
    }
    old.replaceWith(fresh);
    window.htmx?.process(fresh);
    fresh.scrollTop = scrolled;
    tell(fresh, before);
    for (const row of fresh.querySelectorAll("[data-key]")) {
      if (before.get(row.dataset.key) !== row.dataset.mark) row.classList.add("is-new");
    }
    const again = focused ? document.getElementById(focused) : row && fresh.querySelector(`[data-key="${row}"]`)?.querySelector(press);
    if (held) (again || null)?.focus({ preventScroll: true });
  };

  const told = new Map();
  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch(live.dataset.source, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(10000) });
    // Whoever's session is over is led to where one signs in, and back.
    if (answer.status === 401) return void location.reload();
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
    const begun = performance.now();
    try {
      await look();
      note.hidden = true;
    } catch {
      note.hidden = false;
    }
    const tookMs = performance.now() - begun;
    setTimeout(again, Math.min(AT_LEAST_EVERY_MS, Math.max(EVERY_MS, TIMES_AS_LONG * tookMs)));
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look().catch(() => {}); });
  setTimeout(again, EVERY_MS);
})();
