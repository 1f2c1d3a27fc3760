// What was found at each sampled moment of a video, and what of it is to be shown.

/** The index of the last moment at or before another one; -1 where there is none. */
function indexBefore(moments, moment) {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moments[middle] <= moment) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}

export class Looks {
  /** Takes the frames of the server's document, in order of time, and how far they are apart. */
  constructor(frames, step) {
    this.frames = frames;
    this.moments = frames.map((frame) => frame.moment_s);
    this.step = step;
    this.filter = { least: 0, labels: new Set() };
  }

  /** The place of the sampled moment that is nearest; -1 where none is within a step. */
  nearest(moment) {
    const before = indexBefore(this.moments, moment);
    const distance = (index) => Math.abs((this.moments[index] ?? Infinity) - moment);
    const best = distance(before + 1) < distance(before) ? before + 1 : before;
    return distance(best) <= this.step ? best : -1;
  }

  /** The objects of a sampled moment that pass threshold and choice of names. */
  shown(index) {
    const { least, labels } = this.filter;
    return (this.frames[index]?.objects ?? []).filter(
      ({ score, label }) =>
        Math.fround(score) >= least && (labels.size === 0 || labels.has(label)),
    );
  }

  /** The sampled moment before (-1) or after (1) another one. */
  neighbour(moment, direction) {
    // A frame may begin a little before or after the moment that the server names.
    const slack = direction * this.step * 0.25;
    const before = indexBefore(this.moments, moment + slack);
    const isAt = this.moments[before] === moment + slack;
    const index = direction > 0 ? before + 1 : before - (isAt ? 1 : 0);
    return this.moments[index] ?? null;
  }

  /** Where something appears that was not there the moment before, before or after a moment. */
  appearance(moment, direction) {
    const starts = this.moments.filter(
      (_, index) =>
        this.shown(index).length > 0 && (index === 0 || this.shown(index - 1).length === 0),
    );
    const slack = this.step * 0.5;
    return direction > 0
      ? starts.find((start) => start > moment + slack)
      : starts.findLast((start) => start < moment - slack);
  }
}

/** Objects in words: how many of which. */
export function wordsFor(objects) {
  const counts = new Map();
  for (const { label } of objects) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].map(([label, count]) => (count > 1 ? `${count} × ${label}` : label)).join(", ");
}
