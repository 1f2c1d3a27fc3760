// The page of a classifier's result: another class or strength of the heat map without reloading.

import "./viewer.js";
import "./sharing.js";
import { followThreshold } from "./threshold.js";

const form = document.querySelector("[data-filter]");
const heat = document.querySelector("[data-heat]");
const failure = document.querySelector("[data-heat-failure]");

function choose(link) {
  const classId = link.dataset.class;
  for (const each of document.querySelectorAll("[data-class]")) {
    each.toggleAttribute("aria-current", each === link);
    each.closest("tr").classList.toggle("is-chosen", each === link);
  }
  failure.hidden = true;
  heat.src = `${heat.dataset.heat}?class_id=${classId}`;
  heat.alt = `Warm where the picture speaks for ${link.textContent}`;
  document.querySelector("[data-heat-label]").textContent = link.textContent;
  history.replaceState(null, "", link.href);
  updateOverlay({ class_id: classId });
}

/** Keeps the address of the picture with its heat map the same as what is seen. */
function updateOverlay(fields) {
  const link = document.querySelector("[data-overlay]");
  const address = new URL(link.href);
  Object.entries(fields).forEach(([name, value]) => address.searchParams.set(name, value));
  link.href = address;
}

function watchHeat() {
  const opacity = document.querySelector("[data-opacity]");
  opacity.addEventListener("input", () => {
    document.querySelector("[data-viewer]").style.setProperty("--heat", opacity.value);
    updateOverlay({ opacity: opacity.value });
  });
  const check = () => {
    failure.hidden = heat.naturalWidth > 0;
    heat.hidden = heat.naturalWidth === 0;
  };
  heat.addEventListener("error", check);
  heat.addEventListener("load", check);
  if (heat.complete) {
    check();
  }
  document.querySelector("tbody").addEventListener("click", (event) => {
    const link = event.target.closest("[data-class]");
    if (link) {
      event.preventDefault();
      choose(link);
    }
  });
}

followThreshold(form.querySelector("[data-threshold]"));
form.addEventListener("change", () => form.requestSubmit());
if (heat) {
  watchHeat();
}
