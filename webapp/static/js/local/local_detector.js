// Frames that this browser looks at by itself, in a thread of its own.

import { DetectorError } from "../live/detector.js";
import { LocalFault } from "./faults.js";
import { ModelThread } from "./model_thread.js";

/** One of the two detectors of the live page; see ../live/detector.js for what it promises. */
export class LocalDetector {
  #thread = null;
  #description = null;
  #turn = 0;

  constructor() {
    this.name = "local";
  }

  async prepare(model, { signal, onProgress = () => {} } = {}) {
    await this.#guarded(signal, async () => {
      const turn = (this.#turn += 1);
      const description = await describe(model, signal);
      if (turn !== this.#turn) {
        throw new LocalFault("Another model was chosen, or none, before this one was ready.");
      }
      if (this.#description?.sha256 === description.sha256) {
        return;
      }
      this.#end();
      const thread = (this.#thread = new ModelThread(description.worker));
      await thread.ask({ kind: "prepare", description }, { onShare: onProgress });
      this.#description = description;
    });
  }

  async detect(frame, { threshold, signal } = {}) {
    return this.#guarded(signal, async () => {
      const startMs = performance.now();
      const description = this.#description;
      if (description === null) {
        throw new LocalFault("The model in this browser is not ready.");
      }
      const bitmap = await createImageBitmap(frame.canvas);
      const seen = await this.#thread.ask(
        // As on the server, more than is shown: the page can follow its slider without asking.
        { kind: "look", bitmap, threshold: Math.min(threshold, description.score_floor) },
        { transfer: [bitmap] },
      );
      return answerOf(seen, description, performance.now() - startMs);
    });
  }

  close() {
    this.#turn += 1;
    this.#end();
  }

  #end() {
    this.#thread?.end();
    this.#thread = null;
    this.#description = null;
  }

  /** Does something until it is given up; what then becomes of it interests nobody. */
  async #guarded(signal, work) {
    try {
      return await Promise.race([work(), abortion(signal)]);
    } catch (error) {
      if (!(error instanceof LocalFault)) {
        console.warn("local model:", error);
      }
      const sentence =
        error instanceof LocalFault ? error.message : "The model failed in this browser.";
      throw new DetectorError(signal?.aborted ? "stopped" : "local", sentence);
    }
  }
}

async function describe({ local }, signal) {
  if (!local) {
    throw new LocalFault("This model has no form that browsers can run.");
  }
  let response;
  try {
    response = await fetch(local, { headers: { Accept: "application/json" }, signal });
  } catch {
    throw new LocalFault("The server, which has the model, cannot be reached.");
  }
  if (!response.ok) {
    throw new LocalFault("The server has no form of this model for browsers any more.");
  }
  return response.json();
}

function abortion(signal) {
  return new Promise((_, reject) => {
    const giveUp = () => reject(new LocalFault("It was given up."));
    signal?.aborted ? giveUp() : signal?.addEventListener("abort", giveUp, { once: true });
  });
}

function answerOf({ detections, drawMs, runMs, readMs }, description, totalMs) {
  return {
    detections,
    model: description.model,
    version: description.version,
    timings: {
      "Frame to pixels": drawMs,
      "Model in this browser": runMs,
      "Reading its answer": readMs,
      "To its thread and back": Math.max(totalMs - drawMs - runMs - readMs, 0),
    },
  };
}
