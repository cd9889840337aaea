// Keys for the list and the sheet: j, k, r, and ? for help. Each does what a link or button of the page does.
"use strict";
{
  const help = document.querySelector("dialog.keys");
  const wanted = help.querySelector("input");
  const HERE = "footpath-keys-off";
  wanted.checked = !localStorage.getItem(HERE);
  wanted.addEventListener("change", () =>
    wanted.checked ? localStorage.removeItem(HERE) : localStorage.setItem(HERE, "1"));

  const rows = () => [...document.querySelectorAll("#result_list tbody th a")];
  const move = (by) => {
    const links = rows(), at = links.indexOf(document.activeElement);
    links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
  };
  const typing = ({ target }) => target.closest("textarea, select, input:not([type=checkbox]), [contenteditable]");

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event) || help.open) return;
    if (event.key === "?") return help.showModal();
    if (!wanted.checked) return;
    const control = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (control) control.click();
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
  });
}
