// LiteRT, which runs TFLite models in WebAssembly.

import { loadLiteRt } from "../../vendor/litert/index.js";

const FOLDER = new URL("../../vendor/litert/", import.meta.url).href;
// Every other line of its log is on errors' stream, too.
const CHATTER = /^(INFO|WARNING|VERBOSE)/;

let started = null;

/** Starts the runtime once; it stays as long as the worker. */
export function startRuntime() {
  started ??= start();
  return started;
}

async function start() {
  // Models run on the processor; looking for a graphics card would only wake it.
  Object.defineProperty(navigator, "gpu", { value: undefined });
  // Its glue looks here. The binary is sent compressed, under a name that says so.
  self.Module = {
    locateFile: (name) => `${FOLDER}${name}.gz`,
    printErr: (line) => (CHATTER.test(line) ? console.debug : console.warn)(line),
  };
  await loadLiteRt(FOLDER);
}
