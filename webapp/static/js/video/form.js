// Makes the form for videos quicker to use; without this file it works, and the server checks the same.

import { setFiles, sizeOf } from "../files.js";
import { followThreshold } from "../threshold.js";
import { lengthOf } from "./clock.js";
import { send } from "./sending.js";

const EXTENSIONS = /\.(mp4|webm|mov)$/i;

const form = document.querySelector("[data-video-form]");
const part = (name) => form.querySelector(`[${name}]`);

/** Title and sentence of what is wrong with a file, in the server's words; null if nothing is. */
function faultOf(file) {
  if (!EXTENSIONS.test(file.name)) {
    return ["Not a video file", `“${file.name}” is not a .mp4, .webm or .mov file.`];
  }
  if (file.size === 0) {
    return ["Empty file", `“${file.name}” is empty.`];
  }
  if (file.size > Number(form.dataset.bytesMax)) {
    return ["File too large", `“${file.name}” is larger than ${form.dataset.limit}.`];
  }
  return null;
}

function showFault(fault) {
  part("data-dropzone").classList.toggle("dropzone--wrong", fault !== null);
  part("data-message").replaceChildren(...(fault ? [noticeOf(fault)] : []));
}

function noticeOf([title, sentence, advice = "Choose another one."]) {
  const notice = part("data-notice").content.cloneNode(true);
  const [titleLine, sentenceLine] = notice.querySelectorAll("p");
  titleLine.textContent = title;
  sentenceLine.textContent = `${sentence} ${advice}`;
  return notice;
}

function watchFile() {
  const input = form.querySelector("#video");
  const dropzone = part("data-dropzone");
  const label = dropzone.querySelector("label");
  const idleLabel = label.textContent;

  input.addEventListener("change", () => {
    const [file] = input.files;
    const fault = file ? faultOf(file) : null;
    showFault(fault);
    if (fault) {
      setFiles(input, []);
    }
    const isTaken = file && !fault;
    dropzone.classList.toggle("dropzone--taken", Boolean(isTaken));
    label.textContent = isTaken ? file.name : idleLabel;
    form.querySelector("#video-hint").textContent = isTaken ? sizeOf(file.size) : idleHint;
  });
  const idleHint = form.querySelector("#video-hint").textContent;
  for (const type of ["dragenter", "dragover"]) {
    dropzone.addEventListener(type, () => dropzone.classList.add("dropzone--over"));
  }
  for (const type of ["dragleave", "drop", "dragend"]) {
    dropzone.addEventListener(type, () => dropzone.classList.remove("dropzone--over"));
  }
}

/** Another model brings its own threshold, until somebody chooses one. */
function watchThreshold() {
  const slider = part("data-threshold").querySelector("input");
  const show = followThreshold(part("data-threshold"));
  let isTouched = false;

  slider.addEventListener("input", () => {
    isTouched = true;
  });
  for (const model of form.querySelectorAll("[name=model]")) {
    model.addEventListener("change", () => {
      if (!isTouched) {
        slider.value = model.dataset.thresholdDefault;
        show();
      }
    });
  }
}

function showSending(file) {
  const sending = part("data-sending");
  sending.hidden = file === null;
  part("data-dropzone").hidden = file !== null;
  form.querySelector("[type=submit]").disabled = file !== null;
  if (file) {
    part("data-sending-name").textContent = file.name;
    part("data-sending-stop").disabled = false;
    sending.scrollIntoView({ block: "nearest" });
    part("data-sending-stop").focus();
  }
}

function showShare(file, share, left) {
  part("data-sending-bar").value = share;
  part("data-sending-share").textContent = `${Math.floor(share * 100)} %`;
  if (share < 1) {
    const rest = left === null ? "" : `, about ${lengthOf(left)} left`;
    part("data-sending-amount").textContent =
      `${sizeOf(Math.round(share * file.size))} of ${sizeOf(file.size)}${rest}`;
  } else {
    part("data-sending-amount").textContent = "All of it has arrived; it is being checked…";
  }
}

function watchSending() {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [file] = form.querySelector("#video").files;
    const fields = new FormData(form);
    const stop = new AbortController();
    part("data-sending-stop").onclick = () => stop.abort();
    showFault(null);
    showSending(file);
    showShare(file, 0, null);
    part("data-status").textContent = `Sending ${file.name}`;
    try {
      const onProgress = (share, left) => showShare(file, share, left);
      location.assign(await send(form.action, fields, onProgress, stop.signal));
    } catch (error) {
      showSending(null);
      form.querySelector("#video").focus();
      part("data-status").textContent = stop.signal.aborted ? "Stopped. Nothing was kept." : "";
      if (!stop.signal.aborted) {
        showFault([error.title, error.message, error.advice]);
      }
    }
  });
  // Going back shows the page as it was left.
  window.addEventListener("pageshow", () => showSending(null));
}

if (form) {
  watchFile();
  watchThreshold();
  watchSending();
}
