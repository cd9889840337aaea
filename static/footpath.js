// Small helps. Every page works without this file.
"use strict";

// A page the browser kept for "back" may show somebody's answers: ask the server anew.
addEventListener("pageshow", (event) => event.persisted && location.reload());

document.querySelector(".problem")?.focus();

// An answer that stands alone ("None of these") unticks the others, and they untick it.
addEventListener("change", ({ target }) => {
  if (target.type !== "checkbox" || !target.checked) return;
  for (const box of document.getElementsByName(target.name)) {
    if (box !== target && ("alone" in box.dataset || "alone" in target.dataset)) box.checked = false;
  }
});

// Offline, the page stays with what was typed. A second tap within five seconds sends nothing.
const offline = document.getElementById("offline");
let sent = -5000;
addEventListener("submit", (event) => {
  if (offline) offline.hidden = navigator.onLine;
  if ((offline && !navigator.onLine) || event.timeStamp - sent < 5000) event.preventDefault();
  else sent = event.timeStamp;
});
addEventListener("online", () => offline && (offline.hidden = true));

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// Two minutes before the server closes these pages, ask whether anybody is there; at the end clear the screen.
const idle = document.getElementById("idle");
if (idle) {
  let end = Date.now() + idle.dataset.left * 1000;
  setInterval(() => {
    const left = end - Date.now();
    if (left < 0) location.replace(idle.dataset.end);
    else if (left < 120000 && !idle.open) idle.showModal();
  }, 1000);
  idle.querySelector("button").addEventListener("click", () => idle.close());
  idle.addEventListener("close", async () => {
    const answer = await fetch(idle.dataset.stay, { method: "POST", body: new FormData(document.forms.tools) }).catch(() => 0);
    if (answer.ok) end = Date.now() + (await answer.text()) * 1000 || end;
  });
}
