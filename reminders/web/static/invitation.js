// Says while a password is typed what would be said when it is sent. The page works without it.
(() => {
  "use strict";
  const WAIT_MS = 500;
  const field = document.getElementById("password");
  const advice = document.getElementById("advice");
  const nonce = document.querySelector("input[name=nonce]");
  if (!field || !advice || !nonce) return;
  let timer = 0;
  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    if (!field.value) { advice.replaceChildren(); return; }
    const body = new URLSearchParams({ password: field.value, nonce: nonce.value });
    const answer = await fetch(field.dataset.advice, { method: "POST", body, headers: { Accept: "text/html" } });
    if (!answer.ok || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    advice.replaceChildren(...page.body.children);
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { ask().catch(() => {}); }, WAIT_MS);
  });
  // Once the form is on its way the invitation may be used up: there is nobody left to ask.
  field.form?.addEventListener("submit", () => { clearTimeout(timer); });
})();
