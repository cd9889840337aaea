// A button that copies the text of a field, where the browser can; else one marks it by hand.
"use strict";
{
  const copy = document.querySelector("[data-copy]");
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).value);
      copy.nextElementSibling.textContent = "Copied.";
    });
  }
}
