// What the explorer and the budget calculator share: numbers for people, fields, and the start.
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

function begin() {
  draw();
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; draw(); } });
}
