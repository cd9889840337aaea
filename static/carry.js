// Small helps for taking answers along: the code that the link carries, and a copy of the text.
"use strict";

// The code stands after the "#", which no browser sends; here it goes into its field and out of the address. What mail
// programs put around it is the server's to read.
const field = document.querySelector("input[name=code]");
const carry = () => {
  if (!field || !location.hash) return;
  let carried = location.hash.slice(1);
  try { carried = decodeURIComponent(carried); } catch { /* as it is */ }
  field.value = (carried.match(/[2-9b-z]{12}/i) || [carried])[0];
  history.replaceState(null, "", location.pathname);
};
carry();
addEventListener("hashchange", carry);

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    document.getElementById("copied").textContent = button.dataset.done;
  });
}

// Where the device has a way to hand a text on, it opens; whom it goes to is chosen there.
for (const button of document.querySelectorAll("[data-share]")) {
  button.hidden = !navigator.share;
  const { textContent: text } = document.getElementById(button.dataset.share);
  button.addEventListener("click", () => navigator.share({ text }).catch(() => null)); // closed unused
}
