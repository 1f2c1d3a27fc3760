// From the camera to the model: one frame at a time, and nothing waits.

import { DetectorError, Remedy } from "./detector.js";

/**
 * Takes each frame that the camera offers: sends it, or drops it for a reason.
 *
 * While one is in flight, each new frame takes the place of the former one on the screen, which is
 * dropped with that. So the next one to go is what is seen when the answer comes, and nothing else.
 *
 * It knows no page and no camera. `read(sequence)` returns the Frame that the camera shows now;
 * `look(frame, {signal})` resolves to what is handed to `onAnswer`, or rejects with a DetectorError,
 * which is handed to `onTrouble`.
 */
export class Pump {
  #flight = null;
  #isUnwinding = false;
  #isScreenNew = false;
  #closedFor = null;

  constructor({ counts, pace, read, look, onAnswer, onTrouble, clock = () => performance.now() }) {
    Object.assign(this, { counts, pace, read, look, onAnswer, onTrouble, clock });
  }

  /** Drops every frame for a reason, until it is opened again. */
  close(reason) {
    this.#closedFor = reason;
  }

  open() {
    this.#closedFor = null;
  }

  /** Takes the frame that the camera shows now. */
  offer() {
    const nowMs = this.clock();
    const obstacle = this.#obstacle(nowMs);
    if (obstacle === null) {
      this.#send(nowMs);
    } else if (obstacle !== "inFlight") {
      this.counts.drop(obstacle);
    } else {
      this.#replaceScreen();
    }
  }

  /** Gives the frame up that is in flight, if there is one. */
  abandon(reason) {
    if (this.#isScreenNew) {
      this.#isScreenNew = false;
      this.counts.drop(reason);
    }
    const flight = this.#flight;
    if (flight !== null) {
      this.#flight = null;
      flight.ticket.drop(reason);
      flight.controller.abort();
    }
  }

  #obstacle(nowMs) {
    if (this.#closedFor !== null) {
      return this.#closedFor;
    }
    // One that was given up may still hold the canvas.
    if (this.#flight !== null || this.#isUnwinding) {
      return "inFlight";
    }
    return this.pace.allows(nowMs) ? null : "rate";
  }

  #replaceScreen() {
    if (this.#isScreenNew) {
      this.counts.drop("inFlight");
    }
    this.#isScreenNew = true;
  }

  /** Takes what came while another frame was in flight, and is still to be seen. */
  #takeScreen() {
    if (this.#isScreenNew) {
      this.#isScreenNew = false;
      this.offer();
    }
  }

  async #send(sentMs) {
    const flight = { ticket: this.counts.take(), controller: new AbortController() };
    this.#flight = flight;
    this.#isUnwinding = true;
    this.pace.sent(sentMs);
    let outcome;
    try {
      const frame = this.read(flight.ticket.sequence);
      const answer = await this.look(frame, { signal: flight.controller.signal });
      outcome = () => this.#answered(flight, answer, sentMs);
    } catch (error) {
      outcome = () => this.#failed(flight, error);
    }
    this.#isUnwinding = false;
    if (this.#flight === flight) {
      this.#flight = null;
      outcome();
    }
    this.#takeScreen();
  }

  #answered(flight, answer, sentMs) {
    const nowMs = this.clock();
    flight.ticket.answer();
    this.pace.answered(nowMs, nowMs - sentMs);
    this.onAnswer(answer, nowMs);
  }

  #failed(flight, error) {
    const trouble = error instanceof DetectorError ? error : unexpected(error);
    flight.ticket.drop(trouble.reason);
    if (trouble.remedy === Remedy.SLOW_DOWN) {
      this.pace.refused(this.clock(), trouble.retryAfterMs);
    }
    this.onTrouble(trouble);
  }
}

function unexpected(error) {
  const trouble = new DetectorError("failed", "Something on this page broke. Reload it.");
  trouble.cause = error;
  return trouble;
}
