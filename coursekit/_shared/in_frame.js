// The page in a frame: it tells frame.js its height, and is light or dark as it is told.
let outside = null;  // the port to frame.js
const tell = (message) => outside?.postMessage(message);
const fit = () => tell({ height: document.documentElement.offsetHeight + 2 });
const isDark = () => document.documentElement.classList.contains("dark");
let dark = false, onPaper = false;
function setTheme() {
  if (isDark() === (dark && !onPaper)) return;  // paper is white
  document.documentElement.classList.toggle("dark", !isDark());
  draw();
}
addEventListener("message", (event) => {
  if (event.source !== parent || !event.ports[0]) return;
  [outside] = event.ports;
  const hear = ({ data }) => { dark = data.dark; setTheme(); };
  outside.onmessage = hear;
  hear(event);
  fit();
});
// frame.js answers with the theme. It sees most changes at once, but now and then Chromium starts no transition
// while a theme's style sheet is loaded (seen in JupyterLab).
setInterval(() => tell({}), 1000);
// A hidden tab gives a frame no width; when it is shown, the page gets its height.
new ResizeObserver(fit).observe(document.body);
addEventListener("beforeprint", () => { onPaper = true; setTheme(); });
addEventListener("afterprint", () => { onPaper = false; setTheme(); });
