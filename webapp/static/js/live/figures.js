// The numbers beside the video.

import { REASONS } from "./counts.js";
import { percent, swatchOf } from "./overlay.js";

/** A time span as people read it, as the server writes it. */
export function milliseconds(ms) {
  if (ms >= 1000) {
    return `${(ms / 1000).toFixed(1)} s`;
  }
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

export class Figures {
  /** @param {HTMLElement} root The element around all of them. */
  constructor(root) {
    this.root = root;
  }

  /** How many frames there were, and what became of them. */
  showCounts(counts) {
    for (const name of ["sent", "answered", "dropped", "inFlight"]) {
      this.root.querySelector(`[data-count="${name}"]`).textContent = counts[name];
    }
    const reasons = [...counts.droppedBy].sort(([, one], [, other]) => other - one);
    const rows = reasons.map(([reason, count]) => fact(REASONS[reason], count, { reason }));
    this.root.querySelector("[data-reasons]").replaceChildren(...rows);
  }

  /** How fast frames are answered, by all who look and by each of them. */
  showSpeed(frames, windows, nowMs) {
    this.root.querySelector("[data-rate-now]").textContent = frames.rate(nowMs).toFixed(1);
    for (const [name, window] of Object.entries(windows)) {
      const row = this.root.querySelector(`[data-figures="${name}"]`);
      const write = (figure, text) => {
        row.querySelector(`[data-figure="${figure}"]`).textContent = text;
      };
      write("rate", window.rate(nowMs).toFixed(1));
      write("median", spanOf(window.percentile(0.5, nowMs)));
      write("slow", spanOf(window.percentile(0.95, nowMs)));
    }
  }

  /** Where the time of one of them goes. */
  showTimes(parts) {
    const rows = parts.map(([name, ms]) => fact(name, milliseconds(ms)));
    this.root.querySelector("[data-times]").replaceChildren(...rows);
  }

  showModel(title, version) {
    const sentence = `Answered by ${title}, version ${version}.`;
    this.root.querySelector("[data-answered-by]").textContent = sentence;
  }

  /** What is in the picture: each name with its number and its best score. */
  showSeen(detections) {
    const best = new Map();
    for (const detection of detections) {
      const known = best.get(detection.label) ?? { ...detection, count: 0 };
      const score = Math.max(known.score, detection.score);
      best.set(detection.label, { ...known, score, count: known.count + 1 });
    }
    const rows = [...best.values()].map(seenRow);
    this.root.querySelector("[data-seen]").replaceChildren(...rows);
    this.root.querySelector("[data-seen-nothing]").hidden = rows.length > 0;
  }
}

function spanOf(ms) {
  return ms === null ? "–" : milliseconds(ms);
}

function seenRow({ label, colour, score, count }) {
  const row = document.createElement("li");
  const share = document.createElement("b");
  share.textContent = percent(score);
  row.append(swatchOf(colour), count > 1 ? `${count} × ${label}` : label, share);
  return row;
}

function fact(name, value, data = {}) {
  const row = document.createElement("div");
  const term = document.createElement("dt");
  const description = document.createElement("dd");
  row.className = "fact";
  Object.assign(row.dataset, data);
  term.textContent = name;
  description.textContent = value;
  row.append(term, description);
  return row;
}
