// The page's end of the worker: asks, and waits for answers.

import { LocalFault } from "./faults.js";

const SERVICE = new URL("./serve.js", import.meta.url).href;
const BROKEN = "The runtime for models cannot be loaded, or does not run in this browser.";

export class ModelThread {
  #worker;
  #waiting = new Map();
  #lastId = 0;
  #isServing;
  #fail;

  /** @param {string} address Of the worker's script. */
  constructor(address) {
    this.#worker = new Worker(address);
    this.#isServing = new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#worker.addEventListener("message", ({ data }) => this.#hear(data, resolve));
    });
    this.#isServing.catch(() => {}); // whoever asks is told
    this.#worker.addEventListener("error", () => this.#break(BROKEN));
    this.#worker.postMessage({ module: SERVICE });
  }

  /**
   * Asks for something.
   *
   * @param {object} request With its `kind`; see serve.js.
   * @param {{transfer?: Transferable[], onShare?: (share: number) => void}} [options]
   * @returns {Promise<object>} Rejects with a LocalFault.
   */
  async ask(request, { transfer = [], onShare = () => {} } = {}) {
    await this.#isServing;
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onShare });
      this.#worker.postMessage({ id, ...request }, transfer);
    });
  }

  /** Ends the worker, whatever it does. */
  end() {
    this.#worker.terminate();
    this.#break("The model in this browser was stopped.");
  }

  #hear({ id, serving, broken, share, result, fault }, onServing) {
    const asked = this.#waiting.get(id);
    if (serving) {
      onServing();
    } else if (broken) {
      console.warn("local model:", broken);
      this.#break(BROKEN);
    } else if (share !== undefined) {
      asked?.onShare(share);
    } else {
      this.#waiting.delete(id);
      fault === undefined ? asked?.resolve(result) : asked?.reject(new LocalFault(fault));
    }
  }

  #break(sentence) {
    this.#fail(new LocalFault(sentence));
    this.#waiting.forEach(({ reject }) => reject(new LocalFault(sentence)));
    this.#waiting.clear();
  }
}
