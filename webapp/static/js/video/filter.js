// Threshold and choice of names: boxes follow at once, charts and tables as the server draws them.

import { followThreshold } from "../threshold.js";
import { fetchPage, takeParts } from "./parts.js";

const PAUSE_MS = 200;

/** Puts those parts of the page that depend on the form in, as the server has them now. */
async function renewParts(address, signal) {
  const page = await fetchPage(address, signal);
  takeParts(page);
  document.querySelector("h1").replaceChildren(...page.querySelector("h1").childNodes);
  document.title = page.title;
}

/** Makes the form act at once; tells what is asked for, now and whenever that changes. */
export function watchFilter(form, onChange) {
  const slider = form.querySelector("input[type=range]");
  const status = form.querySelector("[data-filter-status]");
  let pause = null;
  let running = null;

  const asked = () => ({
    // Scores are of single precision, as on the server.
    least: Math.fround(slider.value),
    labels: new Set(new FormData(form).getAll("label")),
  });
  const renew = async () => {
    const address = new URL(form.action);
    address.search = new URLSearchParams(new FormData(form));
    history.replaceState(null, "", address);
    for (const link of document.querySelectorAll("[data-follows-threshold]")) {
      const file = new URL(link.href);
      file.searchParams.set("threshold", slider.value);
      link.href = file;
    }
    running?.abort();
    running = new AbortController();
    try {
      await renewParts(address, running.signal);
      status.textContent = document.querySelector("h1").textContent;
    } catch (error) {
      if (error.name !== "AbortError") {
        status.textContent = "The chart could not be renewed: the server does not answer.";
      }
    }
  };
  const follow = () => {
    onChange(asked());
    clearTimeout(pause);
    pause = setTimeout(renew, PAUSE_MS);
  };

  followThreshold(form.querySelector("[data-threshold]"));
  form.addEventListener("input", follow);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    follow();
  });
  onChange(asked());
  return {
    say: (sentence) => {
      status.textContent = sentence;
      status.classList.remove("visually-hidden");
    },
  };
}
