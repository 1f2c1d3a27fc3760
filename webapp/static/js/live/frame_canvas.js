// The picture that a model gets: no larger than it looks at.

import { DetectorError, Remedy } from "./detector.js";

// For models that take pictures of any size; larger ones only take longer to send.
const SIDE_MAX = 640;

/**
 * The size of a frame for a model, as the server would shrink it.
 *
 * @param {{width: number, height: number}} video
 * @param {import("./detector.js").Model} model
 */
export function frameSize(video, model) {
  if (model.method === "stretch") {
    return { width: model.width, height: model.height };
  }
  const { width, height } =
    model.method === "fit" ? model : { width: SIDE_MAX, height: SIDE_MAX };
  const scale = Math.min(1, width / video.width, height / video.height);
  return {
    width: Math.max(1, Math.round(video.width * scale)),
    height: Math.max(1, Math.round(video.height * scale)),
  };
}

/** Draws what a video shows now; its canvas is drawn on again with the next frame. */
export class FrameCanvas {
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
  }

  /** @returns {import("./detector.js").Frame} */
  draw(model, sequence) {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width || !height) {
      throw unreadable();
    }
    const size = frameSize({ width, height }, model);
    if (this.canvas.width !== size.width || this.canvas.height !== size.height) {
      Object.assign(this.canvas, size);
    }
    this.context.imageSmoothingQuality = "medium"; // forgotten with each new size
    this.context.drawImage(this.video, 0, 0, size.width, size.height);
    return { canvas: this.canvas, sequence };
  }
}

/** A canvas as a JPEG file. */
export function jpegOf(canvas, quality) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(unreadable())), "image/jpeg", quality);
  });
}

function unreadable() {
  const sentence = "The camera's picture cannot be read.";
  return new DetectorError("unreadable", sentence, { remedy: Remedy.SLOW_DOWN });
}
