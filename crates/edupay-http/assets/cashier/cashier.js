// Asks for the payment anew as soon as the server says that it has changed. htmx also asks now and then,
// so that a page goes on where no events come through.
(() => {
  "use strict";
  const live = document.getElementById("live");
  if (!live || !live.dataset.events || !("EventSource" in window)) return;
  const source = new EventSource(live.dataset.events);
  source.addEventListener("changed", () => htmx.trigger(live, "changed"));
  source.addEventListener("done", () => source.close());
})();
