// The page of one video: follows the work on it, then plays it.

import { fetchPage, takeParts } from "./parts.js";
import { watchPlayer } from "./player.js";
import { watchAnnotation, watchProgress } from "./progress.js";

const AGAIN_MS = 2000;

/** Puts the page as the server has it now in place of this one, without leaving it. */
async function renew() {
  const main = document.querySelector("main");
  try {
    const page = await fetchPage(location.href);
    const hadFocus = main.contains(document.activeElement);
    main.replaceChildren(...page.querySelector("main").childNodes);
    document.title = page.title;
    if (hadFocus) {
      main.focus({ preventScroll: true });
    }
  } catch {
    setTimeout(renew, AGAIN_MS); // the server is away for a moment
    return;
  }
  watch();
}

/** Makes work what the page has: a finished one has no work to listen to. */
function watch() {
  const working = document.querySelector("[data-working]");
  const player = document.querySelector("[data-player]");
  const annotation = document.querySelector("[data-annotation]");
  if (working) {
    watchProgress(working, renew);
  }
  if (player) {
    watchPlayer(player);
  }
  if (annotation) {
    watchAnnotation(annotation, async () => {
      takeParts(await fetchPage(location.href), ["annotated"]);
    });
  }
}

watch();
