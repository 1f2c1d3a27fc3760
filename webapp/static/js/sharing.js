// Copy the page's address, print the page.

function watch(selector, act) {
  const button = document.querySelector(selector);
  if (button) {
    button.closest("li").hidden = false;
    button.addEventListener("click", () => act(button));
  }
}

watch("[data-print]", () => window.print());
watch("[data-copy]", async (button) => {
  const label = button.querySelector("span");
  const idle = label.textContent;
  try {
    await navigator.clipboard.writeText(location.href);
    label.textContent = "Copied";
  } catch {
    label.textContent = "Your browser does not allow it";
  }
  setTimeout(() => {
    label.textContent = idle;
  }, 2000);
});
