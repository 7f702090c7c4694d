// The film on the first page. One picture holds its frames, one below the other. Left: frame t. Right: row y of
// every frame, the first one on top. Without this script, the still is there.
"use strict";
const place = document.querySelector(".film"), frames = place?.querySelector("img.film-frames");

function start() {
  const T = Number(place.dataset.frames), W = frames.naturalWidth, H = frames.naturalHeight / T;
  const at = { t: 0, y: Math.round(0.45 * H), x: Math.round(0.15 * W) };
  const figure = document.createElement("div");
  figure.className = "film-live";
  figure.innerHTML = `
    <div class="film-panels">
      <div><p>One frame: <code>clip[t]</code></p><canvas id="film-frame" width="${2 * W}" height="${2 * H}" role="img"></canvas></div>
      <div><p>One row at all times: <code>clip[:, y]</code></p><canvas id="film-row" width="${2 * W}" height="${2 * H}" role="img"></canvas></div>
    </div>
    <div class="film-controls">
      <button type="button">Play</button>
      <label>time t <input type="range" name="t" min="0" max="${T - 1}"></label>
      <label>row y <input type="range" name="y" min="0" max="${H - 1}"></label>
      <label>column x <input type="range" name="x" min="0" max="${W - 1}"></label>
    </div>
    <output></output>`;
  const [film, row] = figure.querySelectorAll("canvas"), button = figure.querySelector("button");
  const sliders = figure.querySelectorAll("input"), says = figure.querySelector("output");
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

  // Red, green and blue where we are; none in a page that was opened as a file, which may not read pictures.
  function value() {
    pixel.drawImage(frames, at.x, at.t * H + at.y, 1, 1, 0, 0, 1, 1);
    try { return [...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3)]; } catch { return null; }
  }
  function line(to, across, down) {
    for (const [colour, width] of [["#10202b", 5], ["#ffb000", 2]]) {
      Object.assign(to, { strokeStyle: colour, lineWidth: width });
      to.beginPath();
      if (down !== null) { to.moveTo(0, down); to.lineTo(2 * W, down); }
      if (across !== null) { to.moveTo(across, down === null ? 0 : down - 14); to.lineTo(across, down === null ? 2 * H : down + 14); }
      to.stroke();
    }
  }
  function draw() {
    const left = film.getContext("2d"), right = row.getContext("2d"), step = 2 * H / T;
    left.drawImage(frames, 0, at.t * H, W, H, 0, 0, 2 * W, 2 * H);
    for (let t = 0; t < T; t += 1) right.drawImage(frames, 0, t * H + at.y, W, 1, 0, t * step, 2 * W, step + 1);
    line(left, 2 * at.x, 2 * at.y + 1);
    line(right, null, (at.t + 0.5) * step);
    const rgb = value();
    says.textContent = `clip.shape is (${T}, ${H}, ${W}, 3)` +
      (rgb ? `, clip[${at.t}, ${at.y}, ${at.x}] is about (${rgb.join(", ")})` : "");
    film.setAttribute("aria-label", `Frame ${at.t} of ${T}, with a line at row ${at.y}`);
    row.setAttribute("aria-label", `Row ${at.y} of all ${T} frames, with a line at time ${at.t}`);
    for (const slider of sliders) slider.value = at[slider.name];
  }
  let timer = null;
  function play(on) {
    clearInterval(timer);
    timer = on ? setInterval(() => { at.t = (at.t + 1) % T; draw(); }, 80) : null;
    button.textContent = on ? "Pause" : "Play";
  }
  function drag(canvas, set) {
    const move = (event) => {
      const box = canvas.getBoundingClientRect();
      const part = (value, length) => Math.max(0, Math.min(0.999, value / length));
      play(false);
      set(part(event.clientX - box.left, box.width), part(event.clientY - box.top, box.height));
      draw();
    };
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); move(event); });
    canvas.addEventListener("pointermove", (event) => { if (event.buttons) move(event); });
  }
  drag(film, (across, down) => { at.x = Math.floor(across * W); at.y = Math.floor(down * H); });
  drag(row, (across, down) => { at.x = Math.floor(across * W); at.t = Math.floor(down * T); });
  for (const slider of sliders) {
    slider.addEventListener("input", () => { play(false); at[slider.name] = Number(slider.value); draw(); });
  }
  button.addEventListener("click", () => play(timer === null));
  place.classList.add("film-runs");
  place.append(figure);
  draw();
  play(!matchMedia("(prefers-reduced-motion: reduce)").matches);
}
if (frames) {
  if (frames.complete && frames.naturalWidth) start();
  else frames.addEventListener("load", start);
}
