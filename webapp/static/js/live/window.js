// Figures of the last few seconds: how fast answers come, and how long they take.

const SPAN_MS = 10_000;
// However fast answers come, no more are remembered.
const SIZE_MAX = 1000;
// A rate over less than this says nothing.
const RATE_SPAN_MS_MIN = 500;

export class RollingWindow {
  /** @param {number} spanMs How far it looks back. */
  constructor(spanMs = SPAN_MS) {
    this.spanMs = spanMs;
    this.entries = [];
  }

  /**
   * Adds an answer that came at a moment, took so long, and of which parts are known.
   *
   * @param {number} atMs   A moment on a clock that only grows.
   * @param {number} tookMs
   * @param {Object<string, number>} [parts] Milliseconds by name.
   */
  add(atMs, tookMs, parts = {}) {
    this.entries.push({ atMs, tookMs, parts });
    this.#forget(atMs);
  }

  clear() {
    this.entries = [];
  }

  /** How many answers a second there were, seen from a moment; 0 where there is too little. */
  rate(nowMs) {
    this.#forget(nowMs);
    if (this.entries.length < 2) {
      return 0;
    }
    const spanMs = Math.max(nowMs - this.entries[0].atMs, RATE_SPAN_MS_MIN);
    return ((this.entries.length - 1) * 1000) / spanMs;
  }

  /** The time that a share of the answers stayed below, by the nearest rank; null without any. */
  percentile(share, nowMs) {
    this.#forget(nowMs);
    const sorted = this.entries.map((entry) => entry.tookMs).sort((one, other) => one - other);
    return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? null;
  }

  /** The mean of each part, in the order in which they first came. */
  meanParts(nowMs) {
    this.#forget(nowMs);
    const sums = new Map();
    for (const { parts } of this.entries) {
      for (const [name, ms] of Object.entries(parts)) {
        sums.set(name, (sums.get(name) ?? 0) + ms);
      }
    }
    return [...sums].map(([name, sum]) => [name, sum / this.entries.length]);
  }

  #forget(nowMs) {
    const isOld = (entry) => entry.atMs < nowMs - this.spanMs;
    while (this.entries.length > SIZE_MAX || (this.entries.length > 0 && isOld(this.entries[0]))) {
      this.entries.shift();
    }
  }
}
