// In a waiting room the time is short, and whoever touches the page is still there.
"use strict";
const warning = document.getElementById("idle");
let touched = Date.now();
const touch = () => {
  if (warning.open || Date.now() - touched < 20000) return;
  touched = Date.now();
  warning.dispatchEvent(new Event("close")); // as if "Stay" had been the answer
};
if (warning) for (const sign of ["pointerdown", "keydown", "scroll"]) addEventListener(sign, touch);
