// The number beside a threshold slider follows it.

/** Shows a slider's value in its output, now and whenever it moves; returns what shows it. */
export function followThreshold(field) {
  const slider = field.querySelector("input");
  const output = field.querySelector("output");
  const show = () => {
    output.value = `${Math.round(slider.value * 100)} %`;
  };

  slider.addEventListener("input", show);
  show();
  return show;
}
