// A snapshot: what the camera shows now, sent like any other picture and kept like one.

import { jpegOf } from "./frame_canvas.js";

const QUALITY = 0.92;

/** What a video shows now, in all its pixels, as a file named for the moment. */
export async function takeSnapshot(video, now = new Date()) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  const picture = await jpegOf(canvas, QUALITY);
  return new File([picture], nameOf(now), { type: "image/jpeg" });
}

/** A file name such as camera-2026-03-09-140502.jpg, in the time of the reader's clock. */
export function nameOf(now) {
  const two = (number) => String(number).padStart(2, "0");
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  return `camera-${day}-${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("")}.jpg`;
}

/**
 * Sends a picture as the form on the first page does.
 *
 * @returns {Promise<string>} The address of its result.
 * @throws {Error} It was not kept; the message is a sentence.
 */
export async function keep(file, { address, token, model, threshold }) {
  const form = new FormData();
  form.append("image", file);
  form.append("model", model);
  form.append("threshold", threshold);
  const response = await fetch(address, {
    method: "POST",
    body: form,
    headers: { Accept: "application/json", "X-CSRF-Token": token },
  }).catch(() => {
    throw new Error("The server cannot be reached.");
  });
  // It leads to the result, which may be one that still waits for its answer.
  if (response.redirected && new URL(response.url).pathname.startsWith("/results/")) {
    return response.url;
  }
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail ?? "The server did not take it.");
}
