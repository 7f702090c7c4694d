// On paper a page is light, whatever it is on the screen.
"use strict";
const root = document.documentElement;
let screen = null;
addEventListener("beforeprint", () => { screen = root.dataset.theme; root.dataset.theme = "light"; });
addEventListener("afterprint", () => { root.dataset.theme = screen; });
