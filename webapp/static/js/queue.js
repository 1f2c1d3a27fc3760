// Many pictures: a list of them, and sending them one after the other with progress.

import { sizeOf } from "./files.js";
import { drawPreview } from "./preview.js";

const THUMBNAIL_SIDE = 192;

/** The list of chosen pictures below the drop zone. */
export class Queue {
  constructor(form, onRemove) {
    this.list = form.querySelector("[data-queue]");
    this.template = form.querySelector("[data-queued]");
    this.onRemove = onRemove;
    this.rows = new Map();
  }

  /** Shows these files; a single one needs no list. */
  show(files) {
    this.rows.clear();
    this.list.hidden = files.length < 2;
    this.list.replaceChildren(...(files.length < 2 ? [] : files.map((file) => this.rowOf(file))));
  }

  rowOf(file) {
    const row = this.template.content.cloneNode(true).firstElementChild;
    const remove = row.querySelector("button");
    row.querySelector(".queued__name").textContent = file.name;
    row.querySelector("[data-state]").textContent = sizeOf(file.size);
    remove.querySelector("span").textContent = `Take ${file.name} out`;
    remove.addEventListener("click", () => this.onRemove(file));
    drawPreview(row.querySelector("canvas"), file, THUMBNAIL_SIDE);
    this.rows.set(file, row);
    return row;
  }

  progress(file, share) {
    const bar = this.rows.get(file).querySelector("progress");
    bar.hidden = false;
    bar.value = share;
  }

  finish(file, sentence, isGood) {
    const row = this.rows.get(file);
    row.classList.add(isGood ? "queued--done" : "queued--wrong");
    row.querySelector("[data-state]").textContent = sentence;
    row.querySelector("progress").hidden = true;
    row.querySelector("button").hidden = true;
  }
}

/** Sends one picture; resolves to the answer's document, rejects with a sentence. */
export function send(address, fields, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch tells no progress of what is sent
    request.open("POST", address);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      // The rest is for the model's own work.
      onProgress(event.lengthComputable ? (0.8 * event.loaded) / event.total : 0);
    });
    request.addEventListener("load", () => {
      const answer = request.response ?? {};
      if (request.status < 400) {
        resolve(answer);
      } else {
        reject(new Error(answer.detail ?? "The server could not take this picture."));
      }
    });
    request.addEventListener("error", () => reject(new Error("The connection was lost.")));
    request.send(fields);
  });
}
