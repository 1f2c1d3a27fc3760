// Makes the upload form quicker to use; without this file it works, and the server checks the same.

const EXTENSIONS = /\.(jpe?g|png)$/i;

const form = document.querySelector("[data-upload]");

/** What is wrong with a file, in the words the server would use; null if nothing is. */
function faultOf(file) {
  if (!EXTENSIONS.test(file.name)) {
    return ["Not a picture file", `“${file.name}” is not a .jpg, .jpeg or .png file.`];
  }
  if (file.size === 0) {
    return ["Empty file", `“${file.name}” is empty.`];
  }
  if (file.size > Number(form.dataset.bytesMax)) {
    return ["File too large", `“${file.name}” is larger than ${form.dataset.limit}.`];
  }
  return null;
}

function watchPicture() {
  const input = form.querySelector("input[type=file]");
  const dropzone = form.querySelector("[data-dropzone]");
  const message = form.querySelector("[data-message]");

  input.addEventListener("change", () => {
    const file = input.files[0];
    const fault = file ? faultOf(file) : null;
    message.replaceChildren(...(fault ? [noticeOf(fault)] : []));
    dropzone.classList.toggle("dropzone--wrong", fault !== null);
    if (fault) {
      input.value = "";
    }
    showPreview(fault ? undefined : file);
  });
  for (const type of ["dragenter", "dragover"]) {
    dropzone.addEventListener(type, () => dropzone.classList.add("dropzone--over"));
  }
  for (const type of ["dragleave", "drop", "dragend"]) {
    dropzone.addEventListener(type, () => dropzone.classList.remove("dropzone--over"));
  }
}

function noticeOf([title, sentence]) {
  const notice = form.querySelector("[data-notice]").content.cloneNode(true);
  const [titleLine, sentenceLine] = notice.querySelectorAll("p");
  titleLine.textContent = title;
  sentenceLine.textContent = `${sentence} Choose another one.`;
  return notice;
}

/** Draws the picture into a canvas: the content security policy allows no blob: address. */
async function showPreview(file) {
  const canvas = form.querySelector("[data-preview]");
  canvas.hidden = true;
  if (!file) {
    return;
  }
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, 1200 / Math.max(bitmap.width, bitmap.height));
    canvas.width = bitmap.width * scale;
    canvas.height = bitmap.height * scale;
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    canvas.hidden = false;
  } catch {
    // Whether it is a picture after all is for the server to say.
  }
}

function watchThreshold() {
  const slider = form.querySelector("[data-threshold] input");
  const output = form.querySelector("[data-threshold] output");
  let isTouched = false;
  const show = () => {
    output.value = `${Math.round(slider.value * 100)} %`;
  };

  slider.addEventListener("input", () => {
    isTouched = true;
    show();
  });
  for (const model of form.querySelectorAll("[name=model]")) {
    model.addEventListener("change", () => {
      if (!isTouched) {
        slider.value = model.dataset.thresholdDefault;
        show();
      }
    });
  }
  show();
}

function showProgress() {
  const buttons = form.querySelectorAll("button");
  const label = form.querySelector("[data-label]");
  const status = form.querySelector("[data-status]");
  const idleLabel = label.textContent;
  /** Shows which button is at work, or with null that none is. */
  const setBusy = (pressed) => {
    for (const button of buttons) {
      button.disabled = pressed !== null;
      button.classList.toggle("is-busy", button === pressed);
    }
    label.textContent = label.closest("button") === pressed ? pressed.dataset.busyLabel : idleLabel;
    status.textContent = pressed?.dataset.busyLabel ?? "";
  };

  form.addEventListener("submit", (event) => setBusy(event.submitter));
  // Going back shows the page as it was left.
  window.addEventListener("pageshow", () => setBusy(null));
}

if (form) {
  watchPicture();
  watchThreshold();
  showProgress();
}
