// What the explorer and the budget calculator share: numbers for people, and living in a frame.
const part = (id) => document.getElementById(id);
const whole = (n) => n.toLocaleString("en-US");
const many = (n, one) => `${whole(n)} ${one}${Number(n) === 1 ? "" : "s"}`;

// 309109248 -> "309.1 MB"; MB = 10^6 bytes.
function bytesText(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
  let value = Number(bytes), unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${value >= 1000 || unit === 0 ? whole(Math.round(value)) : Number(value.toPrecision(4))} ${units[unit]}`;
}

// What a field holds: a whole number from low to high, or NaN.
function wholeNumber(field) {
  const value = /^\s*\d+\s*$/.test(field.value) ? Number(field.value) : NaN;
  return value >= Number(field.min) && value <= Number(field.max) ? value : NaN;
}

// A screen reader is told when the moving has stopped, not at each step.
let announcement;
function announce(text) {
  clearTimeout(announcement);
  announcement = setTimeout(() => { if (part("told").textContent !== text) part("told").textContent = text; }, 500);
}

// As high as its content, and light or dark as the page around it, where that page may be asked. The
// picture for readers without scripts stands beside the frame; a script runs here, so it is not needed.
function fit() {
  try { window.frameElement.style.height = `${document.documentElement.offsetHeight + 2}px`; } catch { /* fixed */ }
}
function isDark() {
  try {
    const ink = getComputedStyle(window.frameElement.parentElement).color.match(/[\d.]+/g).map(Number);
    return 0.3 * ink[0] + 0.59 * ink[1] + 0.11 * ink[2] > 140;
  } catch { return matchMedia("(prefers-color-scheme: dark)").matches; }
}
function setTheme() {
  const dark = isDark(), root = document.documentElement;
  if (root.classList.contains("dark") !== dark) { root.classList.toggle("dark", dark); draw(); }
}
function begin() {
  part("main").hidden = false;
  try { window.frameElement.parentElement.querySelector("[data-still]").hidden = true; } catch { /* stays */ }
  document.documentElement.classList.toggle("dark", isDark());
  draw();
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; draw(); } fit(); });
  for (const event of ["focus", "pointerover"]) addEventListener(event, setTheme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", setTheme);
  // A hidden tab gives a frame no width; when it is shown, everything is drawn for the width it gets.
  new ResizeObserver(fit).observe(document.body);
}
