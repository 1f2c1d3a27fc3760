// The live page, put together.

import { followThreshold } from "../threshold.js";
import { Backoff } from "./backoff.js";
import { listCameras, obstacleOf } from "./camera.js";
import { Counts } from "./counts.js";
import { Detectors } from "./detectors.js";
import { Figures } from "./figures.js";
import { FrameCanvas } from "./frame_canvas.js";
import { drawBoxes, percent, shownOf } from "./overlay.js";
import { Pace } from "./pace.js";
import { Pump } from "./pump.js";
import { ServerDetector } from "./server_detector.js";
import { keep, takeSnapshot } from "./snapshot.js";
import { LiveStream, State } from "./stream.js";
import { RollingWindow } from "./window.js";

const FIGURES_EVERY_MS = 250;
const WORDS = {
  [State.OFF]: "The camera is off",
  [State.STARTING]: "Waiting for the camera",
  [State.PREPARING]: "Making the model ready",
  [State.LOOKING]: "Looking",
  [State.HIDDEN]: "Off while the page is hidden",
};

class LivePage {
  constructor(root) {
    this.root = root;
    this.video = this.part("video");
    this.slider = root.querySelector("[data-threshold] input");
    this.counts = new Counts();
    this.frames = new RollingWindow();
    this.windows = { server: new RollingWindow(), local: new RollingWindow() };
    this.figures = new Figures(root);
    this.pace = new Pace(Number(this.part("rate").value));
    this.canvas = new FrameCanvas(this.video);
    this.answers = [];
    this.detectors = new Detectors({ server: () => this.serverDetector(), local: localDetector });
    this.pump = new Pump({
      counts: this.counts,
      pace: this.pace,
      read: (sequence) => this.canvas.draw(this.model, sequence),
      look: (frame, { signal }) =>
        this.detectors.look(frame, { threshold: this.threshold, signal }),
      onAnswer: (answers, nowMs) => this.answered(answers, nowMs),
      onTrouble: (error) => this.stream.trouble(error),
    });
    this.stream = new LiveStream({
      video: this.video,
      devices: navigator.mediaDevices,
      pump: this.pump,
      backoff: new Backoff(),
      prepare: () =>
        this.detectors.prepare(this.place, this.model, {
          onProgress: (share) => (this.part("progress").textContent = percent(share)),
        }),
      onState: (state, details) => this.showState(state, details),
      onFault: (error) => this.fault(error),
    });
  }

  part(name) {
    return this.root.querySelector(`[data-${name}]`);
  }

  /** @returns {import("./detector.js").Model} */
  get model() {
    const option = this.part("model").selectedOptions[0];
    const { title, thresholdDefault, method, width, height, local } = option.dataset;
    return {
      name: option.value,
      title,
      threshold: Number(thresholdDefault),
      method,
      width: Number(width),
      height: Number(height),
      local,
    };
  }

  get threshold() {
    return Number(this.slider.value);
  }

  get place() {
    return this.root.querySelector("[name=place]:checked").value;
  }

  async serverDetector() {
    const { frames: address, token, timeoutS } = this.root.dataset;
    return new ServerDetector({ address, token, timeoutMs: 1000 * Number(timeoutS) });
  }

  watch() {
    const showThreshold = followThreshold(this.root.querySelector("[data-threshold]"));
    this.slider.addEventListener("input", () => this.draw());
    this.part("start").addEventListener("click", () => this.start());
    this.part("stop").addEventListener("click", () => this.stream.stop());
    this.part("now").addEventListener("click", () => this.stream.tryNow());
    this.part("snapshot").addEventListener("click", () => this.keepSnapshot());
    this.part("rate").addEventListener("change", (event) => {
      this.pace.limit(Number(event.target.value));
    });
    this.part("model").addEventListener("change", () => {
      this.slider.value = this.model.threshold;
      showThreshold();
      this.showPlaces();
      this.changeDetector();
    });
    this.part("place").addEventListener("change", () => this.changeDetector());
    this.part("camera").addEventListener("change", (event) => {
      this.stream.cameraId = event.target.value;
      this.start();
    });
    document.addEventListener("visibilitychange", () =>
      document.hidden ? this.stream.hide() : this.stream.show(),
    );
    window.addEventListener("pagehide", () => this.stream.stop());
    window.addEventListener("online", () => this.stream.tryNow());
    navigator.mediaDevices.addEventListener?.("devicechange", () => this.showCameras());
    setInterval(() => this.showFigures(), FIGURES_EVERY_MS);
    this.showPlaces();
  }

  async start() {
    this.say(null);
    await this.stream.start();
    await this.showCameras();
  }

  answered(answers, nowMs) {
    this.frames.add(nowMs, 0);
    for (const { name, answer, tookMs } of answers) {
      this.windows[name].add(nowMs, tookMs, answer.timings);
    }
    this.answers = answers.map(({ answer }) => answer);
    this.stream.answered();
    this.draw();
  }

  /** Draws what was answered last; the slider acts at once. */
  draw() {
    this.shown = this.answers.map((answer) => shownOf(answer, this.threshold));
    drawBoxes(this.part("boxes"), this.shown);
  }

  clear() {
    this.answers = [];
    this.draw();
  }

  /** Begins anew with another model, or another place where it runs. */
  changeDetector() {
    this.clear();
    this.frames.clear();
    for (const [name, window] of Object.entries(this.windows)) {
      window.clear();
      const isAsked = this.place === "both" || this.place === name;
      this.root.querySelector(`[data-figures="${name}"]`).hidden = !isAsked;
    }
    this.stream.prepareAnew();
  }

  /** Offers the places where the chosen model can run; the server is always one. */
  showPlaces() {
    const isLocal = this.model.local !== "";
    for (const radio of this.root.querySelectorAll("[name=place]:not([value=server])")) {
      radio.disabled = !isLocal;
    }
    this.part("place-hint").hidden = isLocal;
    if (!isLocal) {
      this.chooseServer();
    }
  }

  chooseServer() {
    this.root.querySelector("[name=place][value=server]").checked = true;
  }

  showState(state, { sentence, untilMs } = {}) {
    const isOn = state !== State.OFF;
    const isSeen = [State.PREPARING, State.LOOKING, State.WAITING].includes(state);
    this.part("state").dataset.state = state;
    this.part("state-text").textContent = sentence ?? WORDS[state];
    this.part("progress").textContent = "";
    this.untilMs = untilMs ?? 0;
    this.part("start").hidden = isOn;
    this.part("stop").hidden = !isOn;
    this.part("now").hidden = untilMs === undefined;
    this.part("snapshot").disabled = !isSeen;
    this.part("canvas").hidden = !isSeen;
    this.part("canvas").classList.toggle("is-waiting", state === State.WAITING);
    this.part("idle").hidden = isSeen;
    if (!isSeen || state === State.WAITING) {
      this.clear(); // boxes of a while ago would lie beside what is seen now
    }
    this.showFigures();
  }

  /** What ended the stream; where only this browser failed, the server takes over. */
  fault(error) {
    if (error.reason === "local") {
      this.chooseServer();
      this.changeDetector();
      this.say("The model does not run in this browser", `${error.message} The server looks instead.`);
      this.stream.start();
      return;
    }
    this.say(error.title ?? "The stream was stopped", error.message);
    this.part("state").dataset.state = "fault";
  }

  /** Says what went wrong above everything else; null takes that away. */
  say(title, sentence = "") {
    const message = this.part("message");
    message.replaceChildren();
    if (title !== null) {
      const notice = this.part("notice").content.cloneNode(true);
      const [titleLine, sentenceLine] = notice.querySelectorAll("p");
      titleLine.textContent = title;
      sentenceLine.textContent = sentence;
      message.append(notice);
    }
  }

  async showCameras() {
    const cameras = await listCameras(navigator.mediaDevices);
    const select = this.part("camera");
    const options = cameras.map(({ id, name }) => new Option(name, id));
    const used = this.video.srcObject?.getVideoTracks()[0]?.getSettings().deviceId;
    select.replaceChildren(...options);
    select.value = used ?? this.stream.cameraId;
    this.part("camera-field").hidden = cameras.length < 2;
  }

  async keepSnapshot() {
    const button = this.part("snapshot");
    button.disabled = true;
    try {
      const file = await takeSnapshot(this.video);
      const { upload: address, token } = this.root.dataset;
      const { name: model } = this.model;
      this.addSnapshot(await keep(file, { address, token, model, threshold: this.threshold }), file);
    } catch (error) {
      this.say("The snapshot was not kept", `${error.message} Try again.`);
    } finally {
      button.disabled = this.video.srcObject === null;
    }
  }

  addSnapshot(address, file) {
    const row = this.part("snapshot-row").content.cloneNode(true);
    row.querySelector("a").href = address;
    row.querySelector("span").textContent = file.name;
    this.part("snapshot-list").prepend(row);
    this.part("snapshots").hidden = false;
  }

  showFigures() {
    const nowMs = performance.now();
    const leftS = Math.ceil((this.untilMs - nowMs) / 1000);
    this.part("countdown").textContent = leftS > 0 ? `Trying again in ${leftS} s` : "";
    this.figures.showCounts(this.counts);
    this.figures.showSpeed(this.frames, this.windows, nowMs);
    const [first] = this.answers;
    this.figures.showSeen(this.shown?.[0] ?? []);
    if (first) {
      const window = this.place === "local" ? this.windows.local : this.windows.server;
      this.figures.showTimes(window.meanParts(nowMs));
      this.figures.showModel(this.model.title, first.version);
    }
  }
}

async function localDetector() {
  const { LocalDetector } = await import("../local/local_detector.js");
  return new LocalDetector();
}

const root = document.querySelector("[data-live]");
if (root) {
  const page = new LivePage(root);
  const obstacle = obstacleOf(window);
  if (obstacle) {
    page.part("start").disabled = true;
    page.say(obstacle.title, obstacle.message);
  } else {
    page.watch();
  }
}
