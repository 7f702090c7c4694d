// The page in a frame: it tells frame.js its height, and is light or dark as it is told.
let outside = null;  // the port to frame.js
const tell = (message) => outside?.postMessage(message);
const fit = () => tell({ height: document.documentElement.offsetHeight + 2 });
const isDark = () => document.documentElement.classList.contains("dark");
function setTheme(dark) {
  if (isDark() === dark) return;
  document.documentElement.classList.toggle("dark", dark);
  draw();
}
addEventListener("message", (event) => {
  if (event.source !== parent || !event.ports[0]) return;
  [outside] = event.ports;
  outside.onmessage = ({ data }) => setTheme(data.dark);
  setTheme(event.data.dark);
  fit();
});
// A hidden tab gives a frame no width; when it is shown, the page gets its height.
new ResizeObserver(fit).observe(document.body);
// Paper is white.
let onScreen = false;
addEventListener("beforeprint", () => { onScreen = isDark(); setTheme(false); });
addEventListener("afterprint", () => setTheme(onScreen));
