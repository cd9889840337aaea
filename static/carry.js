// Small helps for taking answers along: the code that the link carries, and a copy of the text.
"use strict";

// The code stands after the "#", which no browser sends; here it goes into its field and out of the address.
const code = document.querySelector("input[name=code]");
if (code && location.hash) {
  code.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    document.getElementById("copied").textContent = button.dataset.done;
  });
}
