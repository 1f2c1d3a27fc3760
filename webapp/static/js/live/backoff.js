// How long to wait for a server that is away: twice as long each time, and never all at once.

export class Backoff {
  /**
   * @param {{firstMs?: number, mostMs?: number, random?: () => number}} [options]
   */
  constructor({ firstMs = 500, mostMs = 15_000, random = Math.random } = {}) {
    this.firstMs = firstMs;
    this.mostMs = mostMs;
    this.random = random;
    this.attempts = 0;
  }

  /** The next wait: between half of what is due and all of it, so that many pages spread out. */
  next() {
    const dueMs = Math.min(this.mostMs, this.firstMs * 2 ** this.attempts);
    this.attempts += 1;
    return dueMs * (0.5 + 0.5 * this.random());
  }

  /** The server is back. */
  reset() {
    this.attempts = 0;
  }
}
