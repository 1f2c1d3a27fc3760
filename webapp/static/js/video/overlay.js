// Boxes over a video, in percent of it, as those over a picture are.

import { placeTags } from "../tags.js";

// As in presentation/outlines.py: no room for a name above, or to the right.
const TOP_ROOM = 0.07;
const TURN = 0.75;

const percent = (share) => `${(share * 100).toFixed(3)}%`;

export class Overlay {
  /** Draws into an SVG with copies of a template's box, each label in its colour. */
  constructor(drawing, template, colours) {
    this.drawing = drawing;
    this.box = template.content.querySelector("g");
    this.colours = colours;
    this.objects = [];
    new ResizeObserver(() => placeTags(drawing)).observe(drawing);
    document.fonts.ready.then(() => placeTags(drawing)); // letters may have become wider
  }

  /** Shows these objects, the most certain on top, in place of those before. */
  show(objects) {
    if (objects.length === 0 && this.objects.length === 0) {
      return;
    }
    this.objects = objects;
    const byScore = [...objects].sort((one, other) => one.score - other.score);
    this.drawing.replaceChildren(...byScore.map((each) => this.drawn(each)));
    placeTags(this.drawing);
  }

  drawn({ label, score, box: [left, top, right, bottom] }) {
    const box = this.box.cloneNode(true);
    const isTurned = left > TURN;
    for (const edge of box.querySelectorAll(".box__halo, .box__line")) {
      edge.setAttribute("x", percent(left));
      edge.setAttribute("y", percent(top));
      edge.setAttribute("width", percent(right - left));
      edge.setAttribute("height", percent(bottom - top));
    }
    box.dataset.label = label;
    box.querySelector(".box__line").setAttribute("stroke", this.colours[label]);
    box.querySelector(".swatch rect").setAttribute("fill", this.colours[label]);
    const place = box.querySelector("foreignObject");
    place.setAttribute("x", percent(isTurned ? right : left));
    place.setAttribute("y", percent(top));
    const tag = box.querySelector(".box__tag");
    tag.classList.toggle("box__tag--inside", top < TOP_ROOM);
    tag.classList.toggle("box__tag--turned", isTurned);
    tag.querySelector("[data-label]").textContent = label;
    tag.querySelector("b").textContent = `${Math.round(score * 100)} %`;
    return box;
  }
}
