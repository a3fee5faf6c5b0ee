// Says in a line at the top what became of a press that was not taken: without it the page would just stand still.
(() => {
  "use strict";
  const FAILED = "Something went wrong on our side. Reload the page to see how it stands now.";
  const SILENT = "The service does not answer. Reload the page before you press again: it may have been done.";
  const note = document.getElementById("refused");
  const tell = (words) => { note.textContent = words; note.hidden = false; };

  document.addEventListener("refused", (event) => tell(event.detail.value));
  document.addEventListener("htmx:responseError", (event) => {
    if (!event.detail.xhr.getResponseHeader("HX-Trigger")) tell(FAILED);
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, () => tell(SILENT));
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) note.hidden = true; });
})();
