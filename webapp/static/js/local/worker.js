// A thread of its own for models, so that the page stays smooth. The page sends the address of the
// module that does the work.
//
// This is a classic worker, because the glue of the runtime is loaded with importScripts.
"use strict";

addEventListener(
  "message",
  async ({ data: { module } }) => {
    try {
      const { serve } = await import(module);
      serve(self);
    } catch (error) {
      postMessage({ broken: String(error) });
    }
  },
  { once: true },
);
