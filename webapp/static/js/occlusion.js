// "Why this box?": starts an occlusion map, follows its progress, and lays it over the picture.

const POLL_MS = 500;

const panel = document.querySelector("[data-explanation]");
const part = (name) => panel.querySelector(`[${name}]`);

/** Asks the API; resolves to the answer's document, rejects with its sentence. */
async function ask(address, options = {}) {
  const headers = { "X-CSRF-Token": panel.dataset.token, ...options.headers };
  const answer = await fetch(address, { ...options, headers });
  const document = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) {
    throw new Error(document.detail ?? "The server could not do this.");
  }
  return document;
}

const start = (number) =>
  ask(panel.dataset.address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ detection: number }),
  });

/** Lays a heat map over the picture with boxes, or with null takes it away. */
function lay(address) {
  const canvas = document.querySelector(".picture--boxes [data-canvas]");
  canvas.querySelector(".heat")?.remove();
  part("data-explain-opacity").hidden = address === null;
  if (address !== null) {
    const heat = new Image();
    heat.className = "heat";
    heat.alt = "Warm where the model has to look to find this object";
    heat.src = address;
    canvas.querySelector("img").after(heat);
  }
}

function say(sentence) {
  part("data-explain-status").textContent = sentence;
}

/** Follows an explanation until it has ended; another one that is started meanwhile ends it. */
class Explanation {
  static current = null;

  constructor() {
    Explanation.current?.cancel();
    Explanation.current = this;
    this.address = null;
    this.isOver = false;
  }

  async run(number) {
    try {
      this.show(await start(number));
      while (!this.isOver) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        if (!this.isOver) {
          this.show(await ask(this.address));
        }
      }
    } catch (error) {
      this.end(error.message);
    }
  }

  show({ address, state, progress, heat_map: heatMap, sentence }) {
    if (this.isOver) {
      return;
    }
    this.address = address;
    part("data-explain-progress").value = progress;
    if (state === "done") {
      lay(heatMap);
      this.end("Done. The warm places lie over the picture above.");
    } else if (state === "failed" || state === "cancelled") {
      this.end(sentence || "It was stopped.");
    } else {
      say(state === "waiting" ? "Waiting for another explanation to end…" : "Looking…");
    }
  }

  cancel() {
    if (!this.isOver && this.address) {
      ask(this.address, { method: "DELETE" }).catch(() => {}); // it ends by itself, too
    }
    this.end("Stopped.");
  }

  end(sentence) {
    this.isOver = true;
    if (Explanation.current === this) {
      part("data-explain-progress").hidden = true;
      part("data-explain-stop").hidden = true;
      say(sentence);
    }
  }
}

function explain(button) {
  panel.hidden = false;
  part("data-explained").textContent = button.closest("tr").dataset.label;
  part("data-explain-progress").value = 0;
  part("data-explain-progress").hidden = false;
  part("data-explain-stop").hidden = false;
  say("Starting…");
  lay(null);
  panel.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
  new Explanation().run(Number(button.dataset.explain));
}

/** Makes the buttons "Why?" of a table work. */
export function watchExplanations() {
  const opacity = part("data-explain-opacity").querySelector("input");

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-explain]");
    if (button) {
      explain(button);
    }
  });
  part("data-explain-stop").addEventListener("click", () => Explanation.current?.cancel());
  opacity.addEventListener("input", () => {
    document.querySelector("[data-viewer]").style.setProperty("--heat", opacity.value);
  });
}
