// The threshold acts as soon as the slider is let go; without this file its button does.

const form = document.querySelector("[data-filter]");
const slider = form.querySelector("input[type=range]");
const output = form.querySelector("output");

slider.addEventListener("input", () => {
  output.value = `${Math.round(slider.value * 100)} %`;
});
slider.addEventListener("change", () => form.requestSubmit());
