"use strict";
// The controls of coursekit.show.player: play, the number of the frame, one frame at a time. Without this script
// the reader has the browser's own controls. Each output of a notebook brings the script with it, so it looks for
// the players that no other run of it has set up. An output that JupyterLab does not trust has lost its buttons.
for (const root of document.querySelectorAll(".ck-player:not([data-ready])")) {
  const video = root.querySelector("video"), part = (name) => root.querySelector(`[data-part="${name}"]`);
  if (!video || !["controls", "play", "back", "on", "frame", "number"].every(part)) continue;
  root.dataset.ready = "yes";
  const fps = Number(root.dataset.fps), frames = Number(root.dataset.frames);
  let now = 0;

  // Frame n is on the screen from n / fps on. A time is rounded to microseconds, so allow for a little less.
  const at = (seconds) => Math.min(frames - 1, Math.max(0, Math.floor(seconds * fps + 0.01)));
  function say(seconds) {
    now = at(seconds);
    const text = `frame ${now} of 0 to ${frames - 1}, ${(now / fps).toFixed(2)} s`;
    part("frame").value = String(now);
    part("frame").setAttribute("aria-valuetext", text);
    part("number").textContent = text;
  }
  // The middle of a frame's time: a browser that rounds lands on no other frame.
  function go(frame) {
    video.pause();
    now = (frame + frames) % frames;
    video.currentTime = (now + 0.5) / fps;
    say(video.currentTime);
  }
  const toggle = () => { if (video.paused) video.play(); else go(now); };  // it stops at the frame that was drawn
  const name = () => { part("play").textContent = video.paused ? "Play" : "Pause"; };

  if (video.requestVideoFrameCallback) {  // the exact frame that is drawn; while it stands, `go` knows better
    const drawn = (_, frame) => {
      if (!video.paused && !video.seeking) say(frame.mediaTime);
      video.requestVideoFrameCallback(drawn);
    };
    video.requestVideoFrameCallback(drawn);
  } else {
    const follow = () => { if (!video.paused) { say(video.currentTime); requestAnimationFrame(follow); } };
    video.addEventListener("play", follow);
    video.addEventListener("seeked", () => say(video.currentTime));
  }
  video.addEventListener("play", name);
  video.addEventListener("pause", name);
  video.addEventListener("click", toggle);
  part("play").addEventListener("click", toggle);
  part("back").addEventListener("click", () => go(now - 1));
  part("on").addEventListener("click", () => go(now + 1));
  part("frame").addEventListener("input", () => go(Number(part("frame").value)));
  root.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ",": -1, ArrowRight: 1, ".": 1 }[event.key];
    const modified = event.ctrlKey || event.altKey || event.metaKey;
    const ownKeys = event.target === part("frame") && event.key.startsWith("Arrow");  // a slider steps by itself
    if (!step || modified || ownKeys) return;
    event.preventDefault();
    event.stopPropagation();
    go(now + step);
  });
  video.controls = false;
  part("controls").hidden = false;
  say(0);
  name();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (root.dataset.playing === "yes" && !still) video.play().catch(() => {});
}
