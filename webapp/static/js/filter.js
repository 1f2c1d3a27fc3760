// Threshold and choice of names act at once on what the page already has.

import { placeTags } from "./tags.js";
import { followThreshold } from "./threshold.js";

/** Every row and box, those in the table and those kept aside, by their place. */
function collect(selector, template) {
  const aside = document.querySelector(template).content.querySelectorAll("[data-finding]");
  const all = [...document.querySelectorAll(`${selector} [data-finding]`), ...aside];
  return all.sort((one, other) => one.dataset.finding - other.dataset.finding);
}

function counted(count) {
  return count === 0 ? "Nothing found" : `${count} ${count === 1 ? "object" : "objects"} found`;
}

/** Gives addresses that depend on the threshold the present one. */
function updateLinks(threshold) {
  for (const link of document.querySelectorAll("[data-downloads] a[href*='threshold=']")) {
    const address = new URL(link.href);
    address.searchParams.set("threshold", threshold);
    link.href = address;
  }
}

function updateAddress(threshold, labels) {
  const address = new URL(location.href);
  address.search = "";
  address.searchParams.set("threshold", threshold);
  labels.forEach((label) => address.searchParams.append("label", label));
  history.replaceState(null, "", address);
}

/** Makes the form of a result act at once. */
export function watchFilter(form) {
  const rows = collect("tbody", "[data-hidden-rows]");
  const boxes = collect(".boxes", "[data-hidden-boxes]");
  const body = document.querySelector("[data-table] tbody");
  const drawing = document.querySelector(".boxes");
  const slider = form.querySelector("input[type=range]");
  const chosen = () => [...form.querySelectorAll("[name=label]:checked")].map((each) => each.value);

  const show = () => {
    // Scores are of single precision, as on the server.
    const least = Math.fround(slider.value);
    const labels = chosen();
    const isAbove = (part) => Math.fround(part.dataset.score) >= least;
    const isShown = (part) =>
      isAbove(part) && (labels.length === 0 || labels.includes(part.dataset.label));
    const shown = rows.filter(isShown);

    body.replaceChildren(...shown);
    drawing.replaceChildren(...boxes.filter(isShown).reverse()); // the most certain on top
    placeTags(drawing);
    document.querySelector("[data-table]").hidden = shown.length === 0;
    document.querySelector("[data-empty]").hidden = shown.length > 0;
    document.querySelector("h1").firstChild.data = `${counted(shown.length)} `;
    document.querySelector("[data-empty-title]").textContent =
      `Nothing above ${form.querySelector("output").value}`;
    for (const count of form.querySelectorAll("[data-count]")) {
      const ofIt = rows.filter((row) => row.dataset.label === count.dataset.count);
      count.textContent = ofIt.filter(isAbove).length;
      count.closest("li").hidden =
        count.textContent === "0" && !labels.includes(count.dataset.count);
    }
  };
  const settle = () => {
    show();
    updateLinks(slider.value);
    updateAddress(slider.value, chosen());
    form.querySelector("[data-status]").textContent = counted(body.children.length);
  };

  followThreshold(form.querySelector("[data-threshold]"));
  slider.addEventListener("input", show);
  form.addEventListener("change", settle);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    settle();
  });
}
