// Names of boxes, so that none lies on another.

const INSIDE = "box__tag--inside";
const CROWDED = "box__tag--crowded";
const STEP_PX = 16;

const overlaps = (one, other) =>
  one.left < other.right &&
  other.left < one.right &&
  one.top < other.bottom &&
  other.top < one.bottom;

/** Moves a tag along the top of its box until it is free; says whether it is. */
function slide(tag, width, placed) {
  const isTurned = tag.classList.contains("box__tag--turned");
  const room = Math.max(width - tag.offsetWidth, 0);
  for (let shift = 0; shift <= room; shift += STEP_PX) {
    tag.style.translate = `${isTurned ? -shift : shift}px 0`;
    const rectangle = tag.getBoundingClientRect();
    if (!placed.some((other) => overlaps(rectangle, other))) {
      placed.push(rectangle);
      return true;
    }
  }
  tag.style.translate = "";
  return false;
}

/** Tries a tag above its box and inside it. */
function place(tag, placed) {
  const width = tag.closest(".box").querySelector(".box__line").getBoundingClientRect().width;
  tag.dataset.place ??= tag.classList.contains(INSIDE) ? "inside" : "above";
  tag.classList.toggle(INSIDE, tag.dataset.place === "inside");
  tag.classList.remove(CROWDED);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (slide(tag, width, placed)) {
      return;
    }
    tag.classList.toggle(INSIDE);
  }
  tag.classList.add(CROWDED);
}

/** Places the names of a drawing's boxes, the most certain first. */
export function placeTags(drawing) {
  const placed = [];
  for (const tag of [...drawing.querySelectorAll(".box__tag")].reverse()) {
    place(tag, placed);
  }
}
