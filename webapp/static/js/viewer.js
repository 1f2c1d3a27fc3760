// Pictures on their table: zoom, moving about, and one over the other.

const ZOOM_MAX = 8;

/** Makes a viewer's pictures grow and shrink together. */
function watchZoom(viewer) {
  const tools = viewer.querySelector("[data-zoom]");
  const canvases = [...viewer.querySelectorAll("[data-canvas]")];
  const frames = [...viewer.querySelectorAll("[data-frame]")];
  let zoom = 1;

  const apply = (wanted) => {
    const next = Math.min(Math.max(wanted, 1), ZOOM_MAX);
    for (const [index, canvas] of canvases.entries()) {
      const frame = frames[index];
      if (zoom === 1) {
        canvas.dataset.fit = canvas.offsetWidth;
        frame.style.blockSize = next > 1 ? `${frame.offsetHeight}px` : "";
      }
      const centre = [
        (frame.scrollLeft + frame.clientWidth / 2) / zoom,
        (frame.scrollTop + frame.clientHeight / 2) / zoom,
      ];
      canvas.classList.toggle("is-zoomed", next > 1);
      canvas.style.inlineSize = next > 1 ? `${canvas.dataset.fit * next}px` : "";
      frame.style.blockSize = next > 1 ? frame.style.blockSize : "";
      frame.tabIndex = next > 1 ? 0 : -1;
      frame.scrollTo(
        centre[0] * next - frame.clientWidth / 2,
        centre[1] * next - frame.clientHeight / 2,
      );
    }
    zoom = next;
    tools.querySelector("[data-zoom-by='0.5']").disabled = zoom === 1;
    tools.querySelector("[data-zoom-to]").disabled = zoom === 1;
    tools.querySelector("[data-zoom-by='2']").disabled = zoom === ZOOM_MAX;
  };

  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const { zoomBy, zoomTo } = event.target.closest("button")?.dataset ?? {};
    if (zoomBy || zoomTo) {
      apply(zoomTo ? Number(zoomTo) : zoom * Number(zoomBy));
    }
  });
  for (const view of viewer.querySelectorAll("[name=view]")) {
    view.addEventListener("change", () => apply(1));
  }
  for (const frame of frames) {
    frame.addEventListener("scroll", () => {
      for (const other of frames.filter((each) => each !== frame)) {
        other.scrollTo(frame.scrollLeft, frame.scrollTop);
      }
    });
    watchDragging(frame);
  }
  apply(1);
}

/** Moves an enlarged picture with the mouse; fingers move it without this. */
function watchDragging(frame) {
  frame.addEventListener("pointerdown", (start) => {
    if (start.pointerType !== "mouse" || start.button !== 0) {
      return;
    }
    const { scrollLeft, scrollTop } = frame;
    const move = (event) => {
      frame.scrollTo(
        scrollLeft - (event.clientX - start.clientX),
        scrollTop - (event.clientY - start.clientY),
      );
    };
    const stop = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", stop);
    };
    start.preventDefault(); // or the browser drags the picture itself away
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop);
  });
}

/** Moves the border between the two pictures in the view "Slider". */
function watchDivider(viewer) {
  const divider = viewer.querySelector("[data-divider]");
  divider?.addEventListener("input", () => {
    viewer.style.setProperty("--divided", divider.value / 100);
  });
}

/** Keeps the way of looking for the next result. */
function watchView(viewer) {
  const KEY = "view";
  for (const view of viewer.querySelectorAll("[name=view]")) {
    view.checked = view.value === (sessionStorage.getItem(KEY) ?? "split");
    view.addEventListener("change", () => sessionStorage.setItem(KEY, view.value));
  }
}

const viewer = document.querySelector("[data-viewer]");
watchView(viewer);
watchZoom(viewer);
watchDivider(viewer);
