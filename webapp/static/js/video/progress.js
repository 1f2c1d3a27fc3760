// How far a video is, told by the server as it happens.

import { lengthOf } from "./clock.js";

const POLL_MS = 2000;

const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS));

/** Asks again and again, until it is told to stop: for a server with too many listeners already. */
async function poll(address, tell) {
  for (;;) {
    try {
      const answer = await fetch(address);
      if (answer.status === 404) {
        location.reload(); // it was deleted, and the server says so
        return;
      }
      if (tell(await answer.json(), answer.ok) === "stop") {
        return;
      }
    } catch {
      // The server is away for a moment.
    }
    await pause();
  }
}

/** Follows the work on a video; calls back once when its state is no longer the page's. */
export function watchProgress(section, onChange) {
  const part = (name) => section.querySelector(`[${name}]`);
  const source = new EventSource(section.dataset.events);
  let isOver = false;

  const show = ({ progress, message, left_s: left }) => {
    part("data-share").textContent = `${Math.floor(progress * 100)} %`;
    part("data-bar").value = progress;
    part("data-sentence").textContent = message;
    part("data-left").textContent = left === null ? "" : `About ${lengthOf(left)} left`;
  };
  const take = (news) => {
    if (!isOver && news.state === section.dataset.state) {
      show(news);
    } else if (!isOver) {
      isOver = true;
      source.close();
      onChange();
    }
    return isOver ? "stop" : "go on";
  };

  source.addEventListener("message", (event) => take(JSON.parse(event.data)));
  source.addEventListener("end", (event) => take(JSON.parse(event.data)));
  // A lost connection is taken up again by the browser; one that is refused is not.
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED && !isOver) {
      poll(section.dataset.progress, take);
    }
  });
}

/** Waits for the copy of a video with boxes drawn in; calls back once when that has ended. */
export function watchAnnotation(element, onChange) {
  poll(element.dataset.annotation, ({ annotation }, isThere) => {
    if (isThere && annotation === "wanted") {
      return "go on";
    }
    onChange();
    return "stop";
  });
}
