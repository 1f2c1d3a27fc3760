// What the worker does: prepares one model, and looks at one frame after the other.
//
// It is asked {id, kind, ...} and answers {id, result} or {id, fault}; while a model is on its way it
// also says {id, share}, from 0 to 1.

import { download } from "./download.js";
import { LocalFault, sentenceOf } from "./faults.js";
import { LoadedModel } from "./loaded_model.js";
import { startRuntime } from "./runtime.js";

class Service {
  #model = null;

  async prepare({ description }, onShare) {
    const [content] = await Promise.all([download(description, onShare), startRuntime()]);
    this.#model = await LoadedModel.load(content, description);
    // The first call of a model takes several times as long as all others.
    await this.#model.warmUp();
    return {};
  }

  async look({ bitmap, threshold }) {
    try {
      return await this.#model.look(bitmap, threshold);
    } finally {
      bitmap.close();
    }
  }
}

/**
 * Answers what the page asks.
 *
 * @param {DedicatedWorkerGlobalScope} scope
 */
export function serve(scope) {
  const service = new Service();
  scope.addEventListener("message", async ({ data: { id, kind, ...request } }) => {
    const onShare = (share) => scope.postMessage({ id, share });
    try {
      scope.postMessage({ id, result: await service[kind](request, onShare) });
    } catch (error) {
      const { name, message, stack } = error;
      console.warn("local model:", name, message, stack);
      const fault = error instanceof LocalFault ? message : sentenceOf(error);
      scope.postMessage({ id, fault });
    }
  });
  scope.postMessage({ serving: true });
}
