// Frames that the server looks at: one request for each, answered before the next one goes.

import { DetectorError, Remedy } from "./detector.js";
import { jpegOf } from "./frame_canvas.js";

const QUALITY = 0.8;
// On top of the time that the server has for a frame: the way there and back.
const WAY_MS = 1500;

export class ServerDetector {
  /**
   * @param {{address: string, token: string, timeoutMs: number}} options  Where frames go; the
   *     page's token; how long the server has for one.
   */
  constructor({ address, token, timeoutMs }) {
    this.name = "server";
    this.address = address;
    this.token = token;
    this.timeoutMs = timeoutMs + WAY_MS;
  }

  async prepare() {}

  close() {}

  async detect(frame, { model, threshold, signal }) {
    const startMs = performance.now();
    const body = await jpegOf(frame.canvas, QUALITY);
    const sentMs = performance.now();
    const query = new URLSearchParams({
      model: model.name,
      threshold: String(threshold),
      sequence: String(frame.sequence),
    });
    const document = await this.#post(`${this.address}?${query}`, body, signal);
    return answerOf(document, sentMs - startMs, performance.now() - sentMs);
  }

  async #post(address, body, signal) {
    const patience = AbortSignal.timeout(this.timeoutMs);
    try {
      const response = await fetch(address, {
        method: "POST",
        body,
        headers: {
          "Content-Type": "image/jpeg",
          Accept: "application/json",
          "X-CSRF-Token": this.token,
        },
        signal: AbortSignal.any([signal, patience]),
      });
      // Of an answer that is cut off, or comes from something between here and there.
      const document = await response.json().catch(() => null);
      if (!response.ok || document === null) {
        throw refusal(response, document ?? {});
      }
      return document;
    } catch (error) {
      throw error instanceof DetectorError ? error : lost(patience.aborted);
    }
  }
}

function answerOf(document, readMs, roundMs) {
  const { decode, encode, serve, parse, total } = document.timings_ms;
  return {
    detections: document.detections,
    model: document.model,
    version: document.version,
    timings: {
      "Frame to JPEG": readMs,
      "Way to the server and back": Math.max(roundMs - total, 0),
      "Reading the picture": decode,
      "To bytes and back": encode + parse,
      "Model server": serve,
      "Everything else": Math.max(total - decode - encode - serve - parse, 0),
    },
  };
}

/** What an answer that is none means. */
export function refusal(response, document) {
  const sentence = document.detail ?? "The server cannot be reached.";
  const retryAfterMs = 1000 * (Number(response.headers.get("Retry-After")) || 0);
  const { status } = response;
  if (status === 429) {
    return new DetectorError("tooOften", sentence, { remedy: Remedy.SLOW_DOWN, retryAfterMs });
  }
  if (document.kind === "busy" || document.kind === "overloaded") {
    // Soon, and not when it would suit a picture that somebody waits for.
    return new DetectorError("busy", sentence, { remedy: Remedy.SLOW_DOWN });
  }
  if (status === 401) {
    return new DetectorError("refused", `${sentence} Reload this page, and log in.`);
  }
  if (status === 403) {
    return new DetectorError("refused", `${sentence} Reload this page.`);
  }
  if (status >= 400 && status < 500) {
    return new DetectorError("refused", sentence);
  }
  if (document.kind === "too_slow") {
    return new DetectorError("timeout", sentence, { remedy: Remedy.WAIT });
  }
  // Without a word of ours it comes from a proxy, which has lost the server.
  const reason = document.detail ? "failed" : "network";
  return new DetectorError(reason, sentence, { remedy: Remedy.WAIT });
}

function lost(isTimeout) {
  return isTimeout
    ? new DetectorError("timeout", "The server did not answer in time.", { remedy: Remedy.WAIT })
    : new DetectorError("network", "The server cannot be reached.", { remedy: Remedy.WAIT });
}
