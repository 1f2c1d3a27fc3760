// How soon the next frame may go: at most at a rate, later where answers are slow or refused.

const RATE_MIN = 1;
// Cameras do not send to the millisecond; without some patience every second frame would be late.
const EARLY_SHARE = 0.2;
const EARLY_MS_MAX = 10;
// Slower than this, and the server gets a rest of half an answer's time after each.
const SLOW_MS = 250;
const REST_SHARE = 0.5;
const SMOOTHING = 0.3;
// After a refusal the rate halves, and comes back by so much with every answer.
const STEP_BACK_UP = 0.5;

export class Pace {
  /** @param {number} rateMax Frames a second. */
  constructor(rateMax) {
    this.rateMax = rateMax;
    this.rate = rateMax;
    this.nextMs = -Infinity;
    this.notBeforeMs = -Infinity;
    this.latencyMs = 0;
  }

  /** Takes another highest rate from now on. */
  limit(rateMax) {
    this.rateMax = rateMax;
    this.rate = rateMax;
    this.nextMs = -Infinity;
  }

  allows(nowMs) {
    const earlyMs = Math.min(EARLY_SHARE * this.#intervalMs, EARLY_MS_MAX);
    return nowMs >= this.notBeforeMs && nowMs >= this.nextMs - earlyMs;
  }

  /** A frame went. Frames that are a little late do not push those after them back. */
  sent(nowMs) {
    const isLittleLate = nowMs - this.nextMs < this.#intervalMs;
    this.nextMs = (isLittleLate ? this.nextMs : nowMs) + this.#intervalMs;
  }

  /** It was answered. */
  answered(nowMs, latencyMs) {
    this.latencyMs += SMOOTHING * (latencyMs - this.latencyMs);
    this.rate = Math.min(this.rateMax, this.rate + STEP_BACK_UP);
    if (this.latencyMs > SLOW_MS) {
      this.notBeforeMs = nowMs + REST_SHARE * this.latencyMs;
    }
  }

  /** It was refused, because too much comes. */
  refused(nowMs, retryAfterMs) {
    this.rate = Math.max(Math.min(RATE_MIN, this.rateMax), this.rate / 2);
    this.notBeforeMs = nowMs + Math.max(retryAfterMs, this.#intervalMs);
  }

  get #intervalMs() {
    return 1000 / this.rate;
  }
}
