// Light or dark: as the system has it, until somebody chooses. Runs before the page is painted.
// A script of its own, not a module, because modules wait until the page is read.

(() => {
  const KEY = "theme";
  const root = document.documentElement;
  const isSystemDark = matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is switched off
    }
  };
  const store = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It holds for this page alone.
    }
  };

  const chosen = stored();
  if (chosen === "light" || chosen === "dark") {
    root.dataset.theme = chosen;
  }
  root.classList.add("has-scripts");

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-button]");
    button.hidden = false;
    button.addEventListener("click", () => {
      const now = root.dataset.theme ?? (isSystemDark.matches ? "dark" : "light");
      root.dataset.theme = now === "dark" ? "light" : "dark";
      store(root.dataset.theme);
    });
  });
})();
