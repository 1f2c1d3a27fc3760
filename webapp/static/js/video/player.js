// The playing video: boxes over it, and one moment for controls, scrubber and lanes.

import { clock } from "./clock.js";
import { watchFilter } from "./filter.js";
import { Looks, wordsFor } from "./looks.js";
import { Overlay } from "./overlay.js";

// A frame is shown from its moment on; a little later is the same frame, a little earlier not.
const INTO_FRAME = 0.001;

/** Calls back with the moment of each frame that is shown. */
function watchFrames(video, show) {
  if ("requestVideoFrameCallback" in video) {
    const next = (_now, frame) => {
      show(frame.mediaTime);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  } else {
    for (const type of ["loadeddata", "seeked", "timeupdate"]) {
      video.addEventListener(type, () => show(video.currentTime));
    }
  }
}

/** Calls back once if the browser can make nothing of the file, or only hear it. */
function watchFailure(video, fail) {
  const check = () => {
    const isEmpty = video.readyState >= HTMLMediaElement.HAVE_METADATA && !video.videoWidth;
    if (video.error || isEmpty) {
      fail();
    }
  };
  video.addEventListener("error", check);
  video.addEventListener("loadedmetadata", check);
  check();
}

class Player {
  constructor(root) {
    this.root = root;
    this.video = this.part("data-video");
    this.scrubber = this.part("data-scrubber");
    this.duration = Number(root.dataset.duration);
    this.looks = new Looks([], Number(root.dataset.step));
    this.overlay = new Overlay(
      this.part("data-boxes"),
      root.querySelector("template[data-box]"),
      JSON.parse(root.dataset.colours),
    );
    this.moment = 0;
  }

  part(name) {
    return this.root.querySelector(`[${name}]`);
  }

  async load() {
    const answer = await fetch(this.root.dataset.detections);
    if (!answer.ok) {
      throw new Error(`${answer.status}`);
    }
    const { frames } = await answer.json();
    const { step, filter } = this.looks;
    this.looks = new Looks(frames, step);
    this.filterBy(filter);
  }

  /** Shows only what passes these, here and in what is said. */
  filterBy(filter) {
    this.looks.filter = filter;
    this.show(this.moment);
  }

  /** Puts a moment everywhere that shows one. */
  show(moment) {
    this.moment = moment;
    const objects = this.looks.shown(this.looks.nearest(moment));
    const words = wordsFor(objects);
    this.overlay.show(objects);
    this.part("data-seen").textContent = words;
    this.showTime(moment);
    const spoken = words || "nothing found";
    this.scrubber.setAttribute("aria-valuetext", `${clock(moment)} of ${clock(this.duration)}, ${spoken}`);
  }

  showTime(moment) {
    this.part("data-now").textContent = clock(moment);
    this.part("data-lanes").style.setProperty("--at", Math.min(moment / this.duration, 1));
    if (!this.scrubber.matches(":active")) {
      this.scrubber.value = moment;
    }
  }

  seek(moment) {
    this.video.currentTime = Math.min(Math.max(moment, 0), this.duration) + INTO_FRAME;
    this.showTime(moment);
  }

  toggle() {
    if (this.video.paused) {
      this.video.play().catch(() => {}); // another press, or the file, ended it
    } else {
      this.video.pause();
    }
  }

  watch() {
    watchFrames(this.video, (moment) => this.show(moment));
    watchFailure(this.video, () => this.giveUp());
    this.watchTransport();
    this.watchScrubber();
    this.watchLanes();
    this.watchScreen();
  }

  /** Says that the browser cannot play the file; what was found in it is there all the same. */
  giveUp() {
    this.root.classList.add("player--unplayable");
    this.part("data-unplayable").hidden = false;
    for (const part of ["data-frame", "data-transport"]) {
      this.part(part).hidden = true;
    }
    this.scrubber.disabled = true;
  }

  watchTransport() {
    const play = this.part("data-play");
    const name = () => {
      play.setAttribute("aria-label", this.video.paused ? "Play" : "Pause");
      play.classList.toggle("is-playing", !this.video.paused);
    };
    play.addEventListener("click", () => this.toggle());
    this.video.addEventListener("play", name);
    this.video.addEventListener("pause", name);
    for (const button of this.root.querySelectorAll("[data-appearance]")) {
      button.addEventListener("click", () => {
        const moment = this.looks.appearance(this.video.currentTime, Number(button.dataset.appearance));
        if (moment !== undefined) {
          this.seek(moment);
        }
      });
    }
    this.part("data-boxes-switch").addEventListener("change", (event) => {
      this.part("data-boxes").toggleAttribute("hidden", !event.target.checked);
    });
  }

  watchScrubber() {
    this.scrubber.addEventListener("input", () => this.seek(Number(this.scrubber.value)));
    this.scrubber.addEventListener("keydown", (event) => {
      const directions = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
      const direction = directions[event.key];
      if (direction) {
        event.preventDefault();
        this.seek(this.looks.neighbour(this.video.currentTime, direction) ?? this.video.currentTime);
      } else if (event.key === " ") {
        event.preventDefault();
        this.toggle();
      }
    });
  }

  /** A click or a drag on a lane moves the player there; so does a link to a moment. */
  watchLanes() {
    const lanes = this.part("data-lanes");
    const seekAt = (event) => {
      const track = lanes.querySelector(".lane__track").getBoundingClientRect();
      this.seek(((event.clientX - track.left) / track.width) * this.duration);
    };
    lanes.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && event.target.closest("[data-track]")) {
        lanes.setPointerCapture(event.pointerId);
        seekAt(event);
      }
    });
    lanes.addEventListener("pointermove", (event) => {
      if (lanes.hasPointerCapture(event.pointerId)) {
        seekAt(event);
      }
    });
    document.querySelector(".results").addEventListener("click", (event) => {
      const link = event.target.closest("[data-moment]");
      if (link && !this.root.classList.contains("player--unplayable")) {
        event.preventDefault();
        this.seek(Number(link.dataset.moment));
        this.root.scrollIntoView({ block: "nearest" });
      }
    });
  }

  /** The frame fills the screen, not the video alone: that would leave the boxes behind. */
  watchScreen() {
    const button = this.part("data-fullscreen");
    const frame = this.part("data-frame");
    const canvas = this.part("data-ratio") ?? frame.firstElementChild;
    const shape = () => {
      const ratio = this.video.videoWidth / this.video.videoHeight || canvas.dataset.ratio;
      if (ratio) {
        canvas.style.setProperty("--ratio", ratio);
      }
    };
    button.hidden = !document.fullscreenEnabled;
    button.addEventListener("click", () => frame.requestFullscreen().catch(() => {}));
    this.video.addEventListener("loadedmetadata", shape);
    shape();
  }
}

/** Makes the player of a page work, and the form beside it. */
export function watchPlayer(root) {
  const player = new Player(root);
  player.watch();
  const filter = watchFilter(document.querySelector("[data-filter]"), (asked) =>
    player.filterBy(asked),
  );
  player.load().catch(() => filter.say("The boxes could not be fetched. Reload the page."));
}
