// Dark, light, or as the system; the choice is kept in this browser.

const NEXT = { system: "dark", dark: "light", light: "system" };
const NAMES = { system: "as the system", dark: "dark", light: "light" };

export function followTheme(button) {
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.ariaLabel = button.title = `Colours: ${NAMES[theme]}`;
  };
  let theme = kept() ?? "system";
  show(theme);
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    show(theme);
    keep(theme);
  });
}

// Storage may be forbidden: then the choice lasts as long as the page.
function kept() {
  try {
    const theme = localStorage.getItem("theme");
    return theme in NEXT ? theme : null;
  } catch {
    return null;
  }
}

function keep(theme) {
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // see above
  }
}
