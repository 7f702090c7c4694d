"use strict";
// A live coursekit.widgets.explore has two outputs: the picture at the start, and below it the widget. This shows
// the widget if a kernel answers it, else the picture. In a saved notebook with a new kernel JupyterLab writes
// "Error displaying widget: model not found" in place of the widget: that is hidden too.
for (const still of document.querySelectorAll(".ck-live[data-view]:not([data-ready])")) {
  still.dataset.ready = "yes";
  const outputs = still.closest(".jp-OutputArea") ?? document.body;
  const first = still.closest(".jp-OutputArea-child");
  const disconnected = ".jupyter-widgets-disconnected";  // a widget that was saved, and has no kernel

  function choose() {
    const live = outputs.querySelector(`.${still.dataset.view}:not(${disconnected})`) !== null;
    (first ?? still).style.display = live ? "none" : "";
    const widget = first?.nextElementSibling;
    if (widget) widget.style.display = live ? "" : "none";
  }
  new MutationObserver(choose).observe(outputs, { childList: true, subtree: true, attributeFilter: ["class"] });
  choose();
}
