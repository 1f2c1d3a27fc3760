// Makes the upload form quicker to use; without this file it works, and the server checks the same.

import { faultOf, setFiles } from "./files.js";
import { drawPreview } from "./preview.js";
import { Queue, send } from "./queue.js";
import { followThreshold } from "./threshold.js";

const PREVIEW_SIDE = 1200;

const form = document.querySelector("[data-upload]");

/** The file field, the drop zone around it, and whatever else brings pictures. */
function watchPictures() {
  const input = form.querySelector("#image");
  const dropzone = form.querySelector("[data-dropzone]");
  const limits = { bytesMax: Number(form.dataset.bytesMax), limit: form.dataset.limit };
  const queue = new Queue(form, (file) => {
    take([...input.files].filter((each) => each !== file));
    input.focus(); // what had the focus is gone
  });

  /** Takes the good ones of these files in place of what was chosen, and names the first bad. */
  const take = (files) => {
    const faults = files.map((file) => faultOf(file, limits));
    const good = files.filter((_, index) => faults[index] === null);
    const fault = faults.find((each) => each !== null) ?? null;
    showFault(fault);
    dropzone.classList.toggle("dropzone--wrong", fault !== null);
    setFiles(input, good);
    queue.show(good);
    showPreview(good.length === 1 ? good[0] : undefined);
  };

  input.addEventListener("change", () => take([...input.files]));
  watchDragging(dropzone);
  watchClipboard((files) => take([...input.files, ...files]));
  watchCamera((files) => take([...input.files, ...files]));
  return queue;
}

function watchDragging(dropzone) {
  for (const type of ["dragenter", "dragover"]) {
    dropzone.addEventListener(type, () => dropzone.classList.add("dropzone--over"));
  }
  for (const type of ["dragleave", "drop", "dragend"]) {
    dropzone.addEventListener(type, () => dropzone.classList.remove("dropzone--over"));
  }
}

function watchClipboard(add) {
  form.querySelector("[data-paste-hint]").hidden = false;
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length > 0) {
      event.preventDefault();
      add(files);
    }
  });
}

function watchCamera(add) {
  const camera = form.querySelector("#camera");
  form.querySelector("[data-camera]").hidden = false;
  camera.addEventListener("change", () => add([...camera.files]));
}

function showFault(fault) {
  const message = form.querySelector("[data-message]");
  message.replaceChildren(...(fault ? [noticeOf(fault)] : []));
}

function noticeOf([title, sentence]) {
  const notice = form.querySelector("[data-notice]").content.cloneNode(true);
  const [titleLine, sentenceLine] = notice.querySelectorAll("p");
  titleLine.textContent = title;
  sentenceLine.textContent = `${sentence} Choose another one.`;
  return notice;
}

async function showPreview(file) {
  const canvas = form.querySelector("[data-preview]");
  canvas.hidden = true;
  if (file) {
    canvas.hidden = !(await drawPreview(canvas, file, PREVIEW_SIDE));
  }
}

/** Another model brings its own threshold, until somebody chooses one. */
function watchThreshold() {
  const slider = form.querySelector("[data-threshold] input");
  const show = followThreshold(form.querySelector("[data-threshold]"));
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

/** Shows which button is at work, or with null that none is. */
function setBusy(pressed, idleLabel) {
  const label = form.querySelector("[data-label]");
  for (const button of form.querySelectorAll("button")) {
    button.disabled = pressed !== null;
    button.classList.toggle("is-busy", button === pressed);
  }
  label.textContent = label.closest("button") === pressed ? pressed.dataset.busyLabel : idleLabel;
  form.querySelector("[data-status]").textContent = pressed?.dataset.busyLabel ?? "";
}

function watchSending(queue) {
  const idleLabel = form.querySelector("[data-label]").textContent;

  form.addEventListener("submit", (event) => {
    const files = [...form.querySelector("#image").files];
    if (files.length > 1 && !event.submitter?.hasAttribute("formaction")) {
      event.preventDefault();
      const fields = [...new FormData(form)].filter(([name]) => name !== "image");
      setBusy(event.submitter, idleLabel);
      sendAll(files, fields, queue).finally(() => setBusy(null, idleLabel));
    } else {
      setBusy(event.submitter, idleLabel);
    }
  });
  // Going back shows the page as it was left.
  window.addEventListener("pageshow", () => setBusy(null, idleLabel));
}

/** Sends pictures one by one into one batch, and goes to its page. */
async function sendAll(files, fields, queue) {
  const batch = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  const address = form.dataset.upload.replace("BATCH", batch);
  let kept = 0;
  for (const file of files) {
    const data = new FormData();
    fields.forEach(([name, value]) => data.append(name, value));
    data.append("image", file);
    queue.progress(file, 0);
    try {
      const answer = await send(address, data, (share) => queue.progress(file, share));
      queue.finish(file, answer.summary, answer.state === "done");
      kept += 1;
    } catch (error) {
      queue.finish(file, error.message, false);
    }
  }
  leaveFor(form.dataset.batch.replace("BATCH", batch), kept, files.length);
}

/** Goes to the results, or offers them where some pictures were refused. */
function leaveFor(address, kept, sent) {
  if (kept === sent) {
    location.assign(address);
    return;
  }
  const outcome = form.querySelector("[data-outcome]");
  outcome.hidden = kept === 0;
  outcome.querySelector("a").href = address;
  outcome.querySelector("span").textContent = `See the ${kept} of ${sent} that were taken`;
  form.querySelector("[data-status]").textContent = `${kept} of ${sent} pictures were taken.`;
}

if (form) {
  const queue = watchPictures();
  watchThreshold();
  watchSending(queue);
}
