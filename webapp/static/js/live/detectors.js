// Who looks at frames: the server, this browser, or both, one after the other.

import { DetectorError } from "./detector.js";

const NAMES = { server: ["server"], local: ["local"], both: ["server", "local"] };

export class Detectors {
  #model = null;
  #chosen = [];
  #turn = 0;

  /**
   * @param {Object<string, () => Promise<object>>} makers Make the detectors, by name, when they are
   *     first needed.
   */
  constructor(makers, clock = () => performance.now()) {
    this.makers = makers;
    this.made = new Map();
    this.clock = clock;
  }

  /**
   * Makes those ready that look from now on; nobody looks meanwhile.
   *
   * @param {"server"|"local"|"both"} place
   * @param {import("./detector.js").Model} model
   * @param {{onProgress?: (share: number) => void}} options
   */
  async prepare(place, model, options) {
    this.#model = model;
    this.#chosen = [];
    const turn = (this.#turn += 1);
    const chosen = [];
    for (const name of NAMES[place]) {
      const detector = await this.#make(name);
      await detector.prepare(model, options);
      chosen.push(detector);
    }
    for (const [name, detector] of this.made) {
      if (!NAMES[place].includes(name)) {
        detector.close();
      }
    }
    if (turn === this.#turn) {
      this.#chosen = chosen; // or something else was chosen meanwhile
    }
  }

  /** Has a frame looked at by each in turn, so that neither slows the other down. */
  async look(frame, { threshold, signal }) {
    const answers = [];
    for (const detector of this.#chosen) {
      const startMs = this.clock();
      const answer = await detector.detect(frame, { model: this.#model, threshold, signal });
      answers.push({ name: detector.name, answer, tookMs: this.clock() - startMs });
    }
    return answers;
  }

  async #make(name) {
    if (!this.made.has(name)) {
      try {
        this.made.set(name, await this.makers[name]());
      } catch {
        throw new DetectorError("local", "What runs models in this browser could not be loaded.");
      }
    }
    return this.made.get(name);
  }
}
