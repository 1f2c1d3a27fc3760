// What became of every frame that the camera sent: answered, dropped for a reason, or in flight.

/** Why a frame is dropped, with the words for it. There is no other way to lose one. */
export const REASONS = Object.freeze({
  inFlight: "Came while another frame was in flight",
  rate: "Came sooner than the rate allows",
  preparing: "Came while the model was made ready",
  paused: "Came while the stream waited for the server",
  busy: "The server was busy",
  tooOften: "The server's limit on frames was reached",
  timeout: "No answer came in time",
  network: "The server or the network was lost",
  failed: "The model gave no answer",
  refused: "The server refused it",
  local: "The model in this browser failed",
  model: "The model was changed before the answer came",
  hidden: "The page was hidden before the answer came",
  stopped: "The stream was stopped before the answer came",
  unreadable: "The picture could not be read from the camera",
});

/**
 * Counts frames so that always sent = answered + dropped + in flight: a frame is taken in once, and
 * leaves once.
 */
export class Counts {
  constructor() {
    this.sent = 0;
    this.answered = 0;
    this.inFlight = 0;
    /** How many were dropped, by reason; reasons that never happened are missing. */
    this.droppedBy = new Map();
  }

  get dropped() {
    return [...this.droppedBy.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Takes in a frame that goes nowhere. */
  drop(reason) {
    this.take().drop(reason);
  }

  /** Takes in a frame that is in flight until one of the two functions is called. */
  take() {
    this.sent += 1;
    this.inFlight += 1;
    let isOpen = true;
    const close = (count) => {
      if (isOpen) {
        isOpen = false;
        this.inFlight -= 1;
        count();
      }
    };
    return {
      sequence: this.sent,
      answer: () => close(() => (this.answered += 1)),
      drop: (reason) => close(() => this.#countDrop(reason)),
    };
  }

  #countDrop(reason) {
    if (!(reason in REASONS)) {
      throw new RangeError(`no such reason: ${reason}`);
    }
    this.droppedBy.set(reason, (this.droppedBy.get(reason) ?? 0) + 1);
  }
}
