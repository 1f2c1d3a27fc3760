// From a model's outputs to detections, by the rules that the server reads them with.

import { boxOnPicture } from "./placement.js";

const UNKNOWN_COLOUR = "#9aa0a6";

/**
 * Reads what a model says of one picture. Rows that are not finite, and boxes without area, are left
 * out; so is what is below the threshold.
 *
 * @param {Object<string, ArrayLike<number>>} outputs By name, for a batch of one.
 * @param {object} description Of the model, as the server sends it.
 * @param {{width: number, height: number}} covered What of the canvas the picture covers.
 * @param {number} threshold 0..1.
 * @returns {import("../live/detector.js").Detection[]} The most certain first.
 */
export function readDetections(outputs, description, covered, threshold) {
  const names = description.outputs;
  const [boxes, scores, classes] = [names.boxes, names.scores, names.classes].map(
    (name) => outputs[name],
  );
  const count = names.count ? Math.round(outputs[names.count][0]) : scores.length;
  const found = [];
  for (let row = 0; row < Math.min(count, scores.length); row += 1) {
    const yxyx = [...boxes.slice(4 * row, 4 * row + 4)];
    // Compared in float32, the precision of the scores, as on the server.
    const isMeant = scores[row] >= Math.fround(threshold);
    if (isMeant && [...yxyx, classes[row]].every(Number.isFinite)) {
      const box = boxOnPicture(yxyx, covered, description);
      found.push({ ...classOf(classes[row], description), score: scores[row], box });
    }
  }
  return found.filter(({ box }) => hasArea(box)).sort((one, other) => other.score - one.score);
}

function hasArea([left, top, right, bottom]) {
  return right > left && bottom > top;
}

function classOf(id, { classes }) {
  const { label = `class ${id}`, colour = UNKNOWN_COLOUR } = classes[id] ?? {};
  return { class_id: id, label, colour };
}
