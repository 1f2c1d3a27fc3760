// What the live page asks of whatever looks at its frames: on the server, or in this browser.
//
// A detector is an object with
//
//   name                 "server" or "local"
//   async prepare(model, {signal, onProgress})
//                        Makes it ready for a model, once before its first frame and again after
//                        the model was changed. onProgress(share), 0..1, may be called meanwhile.
//   async detect(frame, {model, threshold, signal})
//                        Resolves to an Answer, or rejects with a DetectorError. One call at a time.
//   close()              Frees what it holds; another prepare may follow.
//
// `ServerDetector` in server_detector.js is one. The other is `LocalDetector`, the export of that
// name of ../local/local_detector.js, which is loaded when somebody chooses "In this browser".

/**
 * @typedef {object} Model What the page knows of a model, from the attributes of its option.
 * @property {string} name
 * @property {string} title
 * @property {number} threshold  Its own threshold, 0..1.
 * @property {"stretch"|"fit"} method  How a picture gets to width x height.
 * @property {number} width      Pixels that it looks at.
 * @property {number} height
 * @property {string} local      Address of the description of its form for browsers (the attribute
 *                               data-local); empty where it has none.
 *
 * @typedef {object} Frame One picture of the camera.
 * @property {HTMLCanvasElement} canvas  The picture, no larger than the model looks at. It does not
 *                               change until detect has settled, and belongs to the page: read it,
 *                               or copy it (createImageBitmap), but never transfer or draw on it.
 * @property {number} sequence   Its number, rising from 1.
 *
 * @typedef {object} Detection
 * @property {string} label
 * @property {string} colour     Of its class, as "#rrggbb".
 * @property {number} score      0..1.
 * @property {number[]} box      [left, top, right, bottom] in fractions of the frame, 0..1.
 *
 * @typedef {object} Answer
 * @property {Detection[]} detections  At least all from the threshold up, the most certain first;
 *                               the page hides what is below its slider.
 * @property {string} model      Name of the model that answered.
 * @property {number} version    And its version.
 * @property {Object<string, number>} timings  Milliseconds of each part, by its name for people, in
 *                               the order in which they passed.
 */

/** Why a frame has no answer. What follows from it: */
export const Remedy = Object.freeze({
  /** The frame is lost, and the next one goes as usual, a little later. */
  SLOW_DOWN: "slow down",
  /** Nobody is there: wait, and try again by itself. */
  WAIT: "wait",
  /** It will not get better by itself: stop, and say so. */
  STOP: "stop",
});

/** A frame has no answer; the message is a sentence for the person in front of the page. */
export class DetectorError extends Error {
  /**
   * @param {string} reason One of the reasons in counts.js, by which the lost frame is counted.
   * @param {string} message
   * @param {{remedy?: string, retryAfterMs?: number}} [options]
   */
  constructor(reason, message, { remedy = Remedy.STOP, retryAfterMs = 0 } = {}) {
    super(message);
    this.name = "DetectorError";
    this.reason = reason;
    this.remedy = remedy;
    this.retryAfterMs = retryAfterMs;
  }
}
