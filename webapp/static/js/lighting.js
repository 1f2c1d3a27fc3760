// Pointing at a row lights its box, and the reverse.

/** Lights what belongs to a finding, or with null nothing. */
function light(number) {
  for (const part of document.querySelectorAll("[data-finding]")) {
    part.classList.toggle("is-lit", part.dataset.finding === number);
  }
}

const numberAt = (event) => event.target.closest?.("[data-finding]")?.dataset.finding ?? null;

document.addEventListener("pointerover", (event) => light(numberAt(event)));
document.addEventListener("focusin", (event) => light(numberAt(event)));
document.addEventListener("click", (event) => {
  // The link to a box is for pages without scripts; here it would only move the page.
  if (event.target.closest("a.finding[href^='#']")) {
    event.preventDefault();
    light(numberAt(event));
  }
});
