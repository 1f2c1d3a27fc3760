// A model that is ready, in the worker.

import { Tensor, loadAndCompile } from "../../vendor/litert/index.js";
import { LocalFault } from "./faults.js";
import { extent } from "./placement.js";
import { readDetections } from "./reading.js";

const CHANNELS = 4;

export class LoadedModel {
  #model;
  #context;

  /**
   * @param {Uint8Array} content A TFLite model.
   * @param {object} description Of the model, as the server sends it.
   */
  static async load(content, description) {
    return new LoadedModel(await loadAndCompile(content, { accelerator: "wasm" }), description);
  }

  constructor(model, description) {
    const { width, height, outputs } = description;
    const names = model.getOutputDetails().map(({ name }) => name);
    if (Object.values(outputs).some((name) => name !== null && !names.includes(name))) {
      throw new LocalFault("The model does not answer what its description promises.");
    }
    this.#model = model;
    this.names = names;
    this.description = description;
    const canvas = new OffscreenCanvas(width, height);
    this.#context = canvas.getContext("2d", { willReadFrequently: true });
    this.#context.imageSmoothingQuality = "high";
  }

  async warmUp() {
    const { width, height } = this.description;
    await this.#run(new Uint8Array(width * height * CHANNELS));
  }

  /** Says what is in a picture, and how long each part of that took. */
  async look(bitmap, threshold) {
    const startMs = performance.now();
    const covered = this.#draw(bitmap);
    const { width, height } = this.description;
    const pixels = this.#context.getImageData(0, 0, width, height).data;
    const drawnMs = performance.now();
    const outputs = await this.#run(new Uint8Array(pixels.buffer));
    const answeredMs = performance.now();
    const detections = readDetections(outputs, this.description, covered, threshold);
    return {
      detections,
      drawMs: drawnMs - startMs,
      runMs: answeredMs - drawnMs,
      readMs: performance.now() - answeredMs,
    };
  }

  #draw(bitmap) {
    const { width, height } = this.description;
    const covered = extent(bitmap, this.description);
    this.#context.clearRect(0, 0, width, height);
    this.#context.drawImage(bitmap, 0, 0, covered.width, covered.height);
    return covered;
  }

  async #run(pixels) {
    const { width, height } = this.description;
    const input = new Tensor(pixels, [1, height, width, CHANNELS]);
    let answers = [];
    try {
      answers = await this.#model.run(input);
      return Object.fromEntries(
        answers.map((answer, index) => [this.names[index], answer.toTypedArray()]),
      );
    } finally {
      // The runtime's memory is not collected.
      input.delete();
      answers.forEach((answer) => answer.delete());
    }
  }
}
