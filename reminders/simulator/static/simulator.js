// Keeps the page fresh: asks each live part once a second whether it changed, and exchanges only the entries that did.
"use strict";

const PAUSE = 1000; // milliseconds between looks

function showTime(headers) {
  const day = headers.get("X-Day");
  const clock = headers.get("X-Clock");
  if (clock) {
    document.querySelectorAll("[data-clock]").forEach((place) => { place.textContent = clock; });
    document.querySelectorAll("[data-day]").forEach((place) => { place.textContent = day; });
  }
}

// Entries carry a name (data-id) and a state (data-rev); the ones that look the same stay untouched,
// so focus, opened mails and a screen reader's place survive.
function exchange(part, html) {
  const wanted = new DOMParser().parseFromString(html, "text/html").body;
  const known = new Map([...part.children].map((entry) => [entry.dataset.id, entry]));
  const focused = document.activeElement && document.activeElement.closest("[data-id]");
  const focusedId = focused && part.contains(focused) ? focused.dataset.id : null;
  let place = part.firstElementChild;
  for (const entry of [...wanted.children]) {
    let kept = known.get(entry.dataset.id);
    known.delete(entry.dataset.id);
    if (kept && kept.dataset.rev !== entry.dataset.rev) {
      entry.classList.add("fresh");
      if (place === kept) place = kept.nextElementSibling;
      kept.remove();
      kept = null;
    } else if (!kept) {
      entry.classList.add("fresh");
    }
    const shown = kept || document.importNode(entry, true);
    if (shown === place) {
      place = place.nextElementSibling;
    } else {
      part.insertBefore(shown, place);
    }
  }
  known.forEach((entry) => entry.remove());
  if (focusedId && !part.contains(document.activeElement)) {
    const again = part.querySelector(`[data-id="${CSS.escape(focusedId)}"] a`);
    if (again) again.focus({ preventScroll: true });
  }
}

async function look(part) {
  const address = new URL(part.dataset.live, window.location.href);
  address.searchParams.set("since", part.dataset.version || document.body.dataset.version);
  const answer = await fetch(address, { cache: "no-store" });
  showTime(answer.headers);
  if (answer.status !== 200) return;
  const isAtEnd = part.scrollHeight - part.scrollTop - part.clientHeight < 80;
  exchange(part, await answer.text());
  part.dataset.version = answer.headers.get("X-Version");
  if ("stick" in part.dataset && isAtEnd) part.scrollTop = part.scrollHeight;
  const hint = document.querySelector(".empty");
  if (hint && part.children.length) hint.remove();
}

async function lookAtAll() {
  const parts = [...document.querySelectorAll("[data-live]")];
  const looks = await Promise.allSettled(document.hidden ? [] : parts.map(look));
  document.body.classList.toggle("is-away", looks.some((one) => one.status === "rejected"));
}

async function keepLooking() {
  await lookAtAll();
  window.setTimeout(keepLooking, PAUSE);
}

function answerInPlace(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form));
    const button = event.submitter;
    if (button && button.name) fields.set(button.name, button.value);
    const box = form.querySelector("input");
    if (!(button && button.name)) box.value = "";
    box.focus();
    await fetch(form.action, { method: "POST", body: fields, redirect: "manual" });
    const thread = document.querySelector("[data-stick]");
    thread.scrollTop = thread.scrollHeight;
    await lookAtAll();
  });
}

document.querySelectorAll("[data-stick]").forEach((part) => { part.scrollTop = part.scrollHeight; });
document.querySelectorAll("[data-reply]").forEach(answerInPlace);
window.setTimeout(keepLooking, PAUSE);
