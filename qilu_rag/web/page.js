// What the page does by itself: citations open their passages, what a reader opened stays
// open while the answer grows, and Enter in an input method does not send.
(() => {
  "use strict";

  const opened = new Map(); // id of a passage → whether the reader wants it open
  let lit = ""; // id of the card that a citation led to

  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const behavior = () => (calm() ? "auto" : "smooth");

  // Gradio brings the elements to the newest HTML, and takes away what it did not write.
  const restore = (log) => {
    for (const details of log.querySelectorAll("details")) {
      const wanted = opened.get(details.id);
      if (wanted !== undefined && details.open !== wanted) details.open = wanted;
    }
    for (const card of log.querySelectorAll(".card")) {
      const wanted = card.id === lit;
      if (card.classList.contains("lit") !== wanted) card.classList.toggle("lit", wanted);
    }
  };

  let newest = "";
  const follow = (log) => {
    const turn = log.querySelector(".turn:last-child");
    if (turn === null || turn.id === newest) return;
    newest = turn.id;
    turn.scrollIntoView({ behavior: behavior(), block: "start" });
  };

  const watch = (log) => {
    new MutationObserver(() => {
      restore(log);
      follow(log);
    }).observe(log, {
      attributes: true,
      attributeFilter: ["open", "class", "id"],
      childList: true,
      subtree: true,
    });
  };

  const find = () => {
    const log = document.querySelector("#conversation .log");
    if (log === null) requestAnimationFrame(find);
    else watch(log);
  };

  document.documentElement.lang = "zh-CN";
  find();

  document.addEventListener("click", (event) => {
    const summary = event.target.closest?.("#conversation summary");
    if (summary) opened.set(summary.parentElement.id, !summary.parentElement.open);

    const cite = event.target.closest?.("#conversation a.cite");
    if (!cite) return;
    event.preventDefault();
    const card = document.getElementById(cite.getAttribute("href").slice(1));
    const details = card?.querySelector("details");
    if (!details) return;
    opened.set(details.id, true);
    lit = card.id;
    restore(card.closest(".log"));
    details.querySelector("summary").focus({ preventScroll: true });
    (card.querySelector("mark") ?? card).scrollIntoView({ behavior: behavior(), block: "center" });
  });

  // While an input method is composing, Enter takes its candidate; Gradio would send.
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) {
        event.stopPropagation();
      }
    },
    true,
  );
})();
