// Says how many results are chosen, and lets only what is possible with them be pressed.

const form = document.querySelector("[data-picks]");

function show() {
  const count = form.querySelectorAll("[name=result]:checked").length;
  form.querySelector("[data-picked]").textContent =
    count === 0 ? "Choose results to compare or delete them." : `${count} chosen`;
  form.querySelector("[data-compare]").disabled = count < 2 || count > 3;
  form.querySelector("[data-delete]").disabled = count === 0;
}

if (form) {
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show); // going back keeps what was chosen
  show();
}
