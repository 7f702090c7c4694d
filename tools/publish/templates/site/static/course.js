// A frame takes the page's colours when it gets the focus. A new theme is told to each at once.
"use strict";
const tell = () => {
  for (const frame of document.querySelectorAll("iframe[srcdoc]")) {
    frame.contentWindow?.dispatchEvent(new Event("focus"));
  }
};
new MutationObserver(tell).observe(document.documentElement, { attributeFilter: ["data-theme"] });
