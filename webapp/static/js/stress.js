// A stress run that goes on: asks for the part of the page that changes, and puts it in place.

const POLL_MS = 600;
const POLL_MS_MAX = 5000;

const run = document.querySelector("[data-run]");
const announcement = document.querySelector("[data-announcement]");
const lost = document.querySelector("[data-lost]");

const current = () => run.querySelector("[data-live]");
const parts = (root) => [...root.querySelectorAll("[data-part]")];

/** Resolves to the part of the page as it should be now. */
async function ask() {
  const answer = await fetch(run.dataset.run, { headers: { Accept: "text/html" } });
  if (!answer.ok) {
    throw new Error(`status ${answer.status}`);
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return document.importNode(page.querySelector("[data-live]"), true);
}

/** Puts in what differs and leaves the rest alone, so that focus and scrolling stay. */
function show(next) {
  const shown = new Map(parts(current()).map((part) => [part.dataset.part, part]));
  const wanted = parts(next);
  current().dataset.live = next.dataset.live;
  current().dataset.step = next.dataset.step;
  let before = null;
  for (const part of wanted) {
    const old = shown.get(part.dataset.part);
    shown.delete(part.dataset.part);
    if (old && old.outerHTML === part.outerHTML) {
      before = old;
      continue;
    }
    if (old) {
      old.replaceWith(part);
    } else if (before) {
      before.after(part);
    } else {
      current().prepend(part);
    }
    before = part;
  }
  for (const part of shown.values()) {
    part.remove();
  }
}

/** Says what changed to those who do not see it: each step, and the end. */
function announce(next) {
  if (next.dataset.live === "over") {
    announcement.textContent = `The run is over. ${next.querySelector(".stress__verdict").textContent}`;
  } else if (next.dataset.step !== current().dataset.step) {
    announcement.textContent = `Step ${next.dataset.step}.`;
  }
}

async function follow() {
  let pause = POLL_MS;
  while (current().dataset.live === "running") {
    await new Promise((resolve) => setTimeout(resolve, pause));
    try {
      const next = await ask();
      announce(next);
      show(next);
      lost.hidden = true;
      pause = POLL_MS;
    } catch {
      lost.hidden = false;
      pause = Math.min(2 * pause, POLL_MS_MAX);
    }
  }
}

follow();
