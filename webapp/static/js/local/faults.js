// What can go wrong with a model in the browser, in sentences for whoever sits in front of it.

/** It did not work; the message is a sentence. */
export class LocalFault extends Error {}

/** A sentence for an error of the runtime, or of the browser. */
export function sentenceOf(error) {
  const text = `${error?.name ?? ""} ${error?.message ?? error}`;
  if (/out of memory|could not allocate|OOM|array buffer allocation/i.test(text)) {
    return "This browser has not enough memory for the model.";
  }
  if (/CompileError|wasm|WebAssembly|importScripts|NetworkError|module script/i.test(text)) {
    return "The runtime for models cannot be loaded, or does not run in this browser.";
  }
  return "The model failed in this browser.";
}
