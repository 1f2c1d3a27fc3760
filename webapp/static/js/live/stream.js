// The life of the stream: camera on and off, the server lost and found again.

import { closeCamera, faultOf, openCamera, watchFrames } from "./camera.js";
import { DetectorError, Remedy } from "./detector.js";

/** What the stream is doing; the page has words for each. */
export const State = Object.freeze({
  OFF: "off",
  STARTING: "starting",
  PREPARING: "preparing",
  LOOKING: "looking",
  WAITING: "waiting",
  HIDDEN: "hidden",
});

/**
 * Holds the camera, and tells the pump when frames may go.
 *
 * `prepare()` makes whoever looks at frames ready. `onState(state, {sentence, untilMs})` is told of
 * every change, `onFault(error)` of what ended the stream: a CameraFault or a DetectorError.
 */
export class LiveStream {
  #camera = null;
  #stopWatching = () => {};
  #isWanted = false;
  #run = 0;
  #preparation = 0;
  #retry = null;

  constructor({ video, devices, pump, backoff, prepare, onState, onFault }) {
    Object.assign(this, { video, devices, pump, backoff, prepare, onState, onFault });
    this.cameraId = "";
    this.state = State.OFF;
  }

  /** Turns the camera on, and begins to look. */
  async start() {
    this.#isWanted = true;
    this.#release("stopped");
    const run = (this.#run += 1);
    this.#enter(State.STARTING);
    try {
      const camera = await openCamera(this.devices, this.cameraId);
      if (run !== this.#run) {
        closeCamera(camera); // stopped, or started anew, while the person was asked
        return;
      }
      await this.#show(camera);
    } catch (error) {
      if (run === this.#run) {
        this.#end(error.title ? error : faultOf(error));
      }
      return;
    }
    if (run === this.#run) {
      await this.prepareAnew("preparing");
    }
  }

  /** Turns the camera off. */
  stop() {
    this.#isWanted = false;
    this.#release("stopped");
    this.#enter(State.OFF);
  }

  /** Nobody looks at the page: the camera goes off until somebody does. */
  hide() {
    if (this.#isWanted) {
      this.#release("hidden");
      this.#enter(State.HIDDEN);
    }
  }

  async show() {
    if (this.state === State.HIDDEN) {
      await this.start();
    }
  }

  /** Takes another model, or another place where it runs. */
  async prepareAnew(reason = "model") {
    this.pump.abandon(reason);
    if (this.#camera === null) {
      return;
    }
    const preparation = (this.#preparation += 1);
    this.#clearRetry();
    this.pump.close("preparing");
    this.#enter(State.PREPARING);
    try {
      await this.prepare();
    } catch (error) {
      if (preparation === this.#preparation) {
        this.trouble(asTrouble(error));
      }
      return;
    }
    if (preparation === this.#preparation) {
      this.pump.open();
      this.#enter(State.LOOKING);
    }
  }

  /** A frame was answered. */
  answered() {
    this.backoff.reset();
    if (this.state !== State.LOOKING) {
      this.#enter(State.LOOKING);
    }
  }

  /** A frame was lost for a reason that says what to do next. */
  trouble(error) {
    if (error.remedy === Remedy.STOP) {
      this.#end(error);
    } else if (error.remedy === Remedy.WAIT) {
      this.#wait(error);
    }
  }

  /** Does not wait any longer. */
  tryNow() {
    if (this.#retry !== null) {
      this.#clearRetry();
      this.pump.open();
      this.#enter(State.WAITING, { sentence: "Trying again" });
    }
  }

  #wait({ message, retryAfterMs }) {
    const waitMs = Math.max(this.backoff.next(), retryAfterMs);
    this.pump.close("paused");
    this.#clearRetry();
    this.#retry = setTimeout(() => this.tryNow(), waitMs);
    this.#enter(State.WAITING, { sentence: message, untilMs: performance.now() + waitMs });
  }

  async #show(camera) {
    this.#camera = camera;
    for (const track of camera.getVideoTracks()) {
      // Pulled out, or taken away in the browser's settings; never after a stop of our own.
      track.addEventListener("ended", () => this.#end(faultOf({ name: "NotFoundError" })));
    }
    this.video.srcObject = camera;
    this.pump.close("preparing");
    this.#stopWatching = watchFrames(this.video, () => this.pump.offer());
    await this.video.play();
  }

  /** Lets go of the camera, and of the frame that is in flight. */
  #release(reason) {
    this.#run += 1;
    this.#preparation += 1;
    this.#clearRetry();
    this.#stopWatching();
    this.pump.abandon(reason);
    if (this.#camera !== null) {
      closeCamera(this.#camera);
      this.#camera = null;
      this.video.srcObject = null;
    }
  }

  #end(error) {
    this.stop();
    this.onFault(error);
  }

  #clearRetry() {
    clearTimeout(this.#retry);
    this.#retry = null;
  }

  #enter(state, details = {}) {
    this.state = state;
    this.onState(state, details);
  }
}

function asTrouble(error) {
  return error instanceof DetectorError
    ? error
    : new DetectorError("failed", "The model could not be made ready. Reload this page.");
}
