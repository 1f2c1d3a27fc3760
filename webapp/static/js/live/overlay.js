// Boxes over the video, as on the page of a result.

import { placeTags } from "../tags.js";

const SVG = "http://www.w3.org/2000/svg";
// As webapp/presentation/outlines.py has it: where a name has no room above its box, or beside it.
const TOP_ROOM_PERCENT = 7;
const TURN_PERCENT = 75;

/** The detections of an answer that a slider lets through. */
export function shownOf(answer, threshold) {
  return answer.detections.filter((detection) => detection.score >= threshold);
}

/**
 * Draws what each of them saw, the first one's boxes with solid lines, the second one's dashed.
 *
 * @param {SVGElement} drawing
 * @param {import("./detector.js").Detection[][]} lists
 */
export function drawBoxes(drawing, lists) {
  const boxes = lists.flatMap((detections, index) =>
    detections.map((detection) => boxOf(detection, index > 0)),
  );
  // The most certain last, so that it lies on top.
  drawing.replaceChildren(...boxes.reverse());
  placeTags(drawing);
}

function boxOf(detection, isSecond) {
  const [left, top, right, bottom] = detection.box.map((share) => 100 * share);
  const frame = {
    x: `${left}%`,
    y: `${top}%`,
    width: `${right - left}%`,
    height: `${bottom - top}%`,
  };
  const group = element("g", { class: isSecond ? "box box--second" : "box" });
  group.dataset.label = detection.label;
  group.dataset.score = detection.score;
  const isTurned = left > TURN_PERCENT;
  const place = { x: `${isTurned ? right : left}%`, y: frame.y, width: 1, height: 1 };
  const holder = element("foreignObject", place);
  holder.append(tagOf(detection, top < TOP_ROOM_PERCENT, isTurned));
  group.append(
    element("rect", { class: "box__halo", ...frame }),
    element("rect", { class: "box__line", stroke: detection.colour, ...frame }),
    holder,
  );
  return group;
}

function tagOf(detection, isInside, isTurned) {
  const tag = document.createElement("span");
  tag.className = "box__tag";
  tag.classList.toggle("box__tag--inside", isInside);
  tag.classList.toggle("box__tag--turned", isTurned);
  const score = document.createElement("b");
  score.textContent = percent(detection.score);
  tag.append(swatchOf(detection.colour), `${detection.label} `, score);
  return tag;
}

/** A class's colour as a small square. */
export function swatchOf(colour) {
  const swatch = element("svg", { class: "swatch", viewBox: "0 0 10 10", "aria-hidden": "true" });
  swatch.append(element("rect", { width: 10, height: 10, rx: 2.5, fill: colour }));
  return swatch;
}

export function percent(fraction) {
  return `${Math.round(100 * fraction)} %`;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}
