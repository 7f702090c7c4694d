"use strict";
// The slider of coursekit.widgets.explore, where all pictures are in the page. Without this script the reader has
// the picture at the start. Each output of a notebook brings the script with it, so it looks for the pictures that
// no other run of it has set up.
for (const root of document.querySelectorAll(".ck-slider:not([data-ready])")) {
  const image = root.querySelector("img"), stored = root.querySelector('script[type="application/json"]');
  if (!image || !stored) continue;
  root.dataset.ready = "yes";
  const { label, start, positions } = JSON.parse(stored.textContent);
  positions[start].source = image.src;

  // The label and the value stay on paper; the slider, which nobody can move there, does not.
  const controls = document.createElement("div");
  controls.innerHTML = `
    <style>@media print { .ck-slider input { display: none !important } }</style>
    <label style="display:flex;flex-wrap:wrap;align-items:center;gap:4px 12px;max-width:36em;margin:4px 0 8px">
      <span data-part="label"></span>
      <input type="range" data-lm-suppress-shortcuts="true" autocomplete="off" min="0" step="1"
        style="flex:1 1 12em;min-width:0;margin:0;accent-color:#0072B2">
      <span data-part="value" aria-hidden="true" style="font-variant-numeric:tabular-nums"></span>
    </label>
    <p role="alert" hidden></p>
    <span role="status" style="position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"></span>`;
  const slider = controls.querySelector("input"), value = controls.querySelector('[data-part="value"]');
  const alert = controls.querySelector("[role=alert]"), status = controls.querySelector("[role=status]");
  controls.querySelector('[data-part="label"]').textContent = label;
  // The longest value has its place from the start, so that the slider does not change its length under the hand.
  value.style.minWidth = `${Math.max(...positions.map(({ text }) => text.length))}ch`;
  slider.max = String(positions.length - 1);
  slider.value = String(start);

  function show() {
    const { text, alt, source, error } = positions[Number(slider.value)];
    value.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    image.hidden = source === undefined;
    alert.hidden = error === undefined;
    alert.textContent = error ?? "";
    if (source === undefined) return;
    image.src = source;  // until it is decoded, the one before stays
    image.alt = alt;
  }
  // Pictures may differ in size; one of a screen with many pixels is not shown smaller than the others.
  image.addEventListener("load", () => { image.width = image.naturalWidth; image.height = image.naturalHeight; });
  slider.addEventListener("input", show);
  slider.addEventListener("change", () => { status.textContent = image.hidden ? "" : image.alt; });
  root.prepend(controls);
  show();
}
