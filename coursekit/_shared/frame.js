"use strict";
// Makes the frame of each form and explorer, and speaks with the page in it (in_frame.js) through a port: the page
// tells its height, and is told whether it stands on a dark ground. Neither needs to look into the other, which
// sandboxed outputs forbid. Each output brings this script with it, so it leaves those that another run has set up.
// An output that is not trusted has lost its page.
for (const root of document.querySelectorAll(".ck-framed:not([data-ready])")) {
  const page = root.querySelector("script[type='text/plain']"), still = root.querySelector("[data-still]");
  if (!page || !still) continue;
  root.dataset.ready = "yes";
  const answer = root.querySelector(".ck-answer"), frame = document.createElement("iframe");
  let port = null, tried = false;

  // The still and the folded answer, unless the page in the frame works.
  function show(works) {
    still.style.display = works ? "none" : "";
    if (answer) answer.style.display = works && !tried ? "none" : "";
  }
  // The ground is dark where the ink is light.
  function isDark() {
    const [red, green, blue] = getComputedStyle(root).color.match(/[\d.]+/g).map(Number);
    return 0.3 * red + 0.59 * green + 0.11 * blue > 140;
  }
  function hear({ data }) {
    tried ||= data.tried === true;
    if (data.height) setHeight(data.height);
    show(true);
    setTheme();
  }
  // On paper the page keeps its layout, and is scaled to one sheet of A4 or Letter.
  function setHeight(height) {
    const width = frame.clientWidth, scale = Math.min(1, 660 / width, 900 / height);
    frame.style.height = `${height}px`;
    const sizes = { width: `${width}px`, height: `${height}px`, scale, less: `${(scale - 1) * height}px` };
    for (const [name, value] of Object.entries(sizes)) frame.style.setProperty(`--${name}`, value);
  }
  const setTheme = () => port?.postMessage({ dark: isDark() });

  frame.title = root.dataset.title;
  frame.allow = "clipboard-write";
  frame.style.cssText = "display:block;width:100%;height:0;border:0";
  frame.srcdoc = page.textContent.replaceAll("<\\/", "</");
  frame.addEventListener("load", () => {  // again when JupyterLab has moved the output
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = hear;
    frame.contentWindow.postMessage({ dark: isDark() }, "*", [channel.port2]);
  });
  // Whatever changes the colour of the text, a theme or the system, starts a transition, and it ends at once.
  root.style.setProperty("transition", "color 1ms", "important");
  root.addEventListener("transitionend", (event) => { if (event.target === root) setTheme(); });
  new MutationObserver(() => { if (!root.contains(frame)) show(false); }).observe(root, { childList: true });

  const style = document.createElement("style");
  style.textContent = `@media print {
    .ck-framed > iframe { width: var(--width) !important; height: var(--height) !important; break-inside: avoid;
      transform: scale(var(--scale)); transform-origin: 0 0; margin-bottom: var(--less); }
    .ck-question > iframe { display: none !important; }
    .ck-question > [data-still] { display: block !important; }
  }`;
  still.before(frame, style);
}
