// One large file on its way to the server.

/** An upload that was not taken: title, sentence and advice, in the server's words. */
class RefusedError extends Error {
  constructor({ title, detail, kept, advice } = {}) {
    super(detail ?? "The server could not take this video.");
    this.title = title ?? "Not taken";
    this.advice = `${kept || "Nothing was kept."} ${advice ?? "Try again in a moment."}`;
  }
}

/**
 * Sends a form; resolves to the address of what it became, rejects with a RefusedError.
 *
 * Tells how much has arrived, 0 to 1, and how many seconds the rest will take, or null at first.
 */
export function send(address, fields, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch tells no progress of what is sent
    const start = performance.now();
    request.open("POST", address);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      const seconds = (performance.now() - start) / 1000;
      onProgress(loaded / total, seconds > 1 ? (seconds / loaded) * (total - loaded) : null);
    });
    request.addEventListener("load", () => {
      if (request.status < 400) {
        resolve(request.getResponseHeader("Location"));
      } else {
        reject(new RefusedError(request.response ?? {}));
      }
    });
    request.addEventListener("error", () =>
      reject(new RefusedError({ title: "Not sent", detail: "The connection was lost." })),
    );
    request.addEventListener("abort", () => reject(new RefusedError()));
    signal.addEventListener("abort", () => request.abort());
    request.send(fields);
  });
}
