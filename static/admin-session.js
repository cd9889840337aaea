// Staff are warned two minutes before their session ends; then the page is covered, and what was typed is kept for them.
"use strict";
const dialog = document.getElementById("staff-session");
const { address, login } = dialog.dataset;
const WARNED = 120000;
let end = Date.now() + dialog.dataset.left * 1000;
let typed = null; // the form in which something was typed
let busy = false, warned = false;

addEventListener("input", ({ target }) => { typed = target.form ?? typed; });
addEventListener("submit", ({ target }) => { if (target === typed) typed = null; });

// How many seconds are left, since another tab may have made it last. Whether an answer came.
const ask = async (options) => {
  try {
    const answer = await fetch(address, options);
    if (answer.ok) end = Date.now() + Number(await answer.text()) * 1000;
    return answer.ok;
  } catch {
    return false;
  }
};
const send = (name, value, form) => {
  const body = new FormData(form);
  body.set("csrfmiddlewaretoken", dialog.querySelector("[name=csrfmiddlewaretoken]").value);
  body.set(name, value);
  return ask({ method: "POST", body });
};
const keep = () => (typed ? send("kept-path", location.pathname, typed) : ask());

const look = async () => {
  const left = end - Date.now();
  if (left > WARNED) warned = false;
  if (busy || left > WARNED || (left > 0 && warned)) return;
  busy = true;
  if (left <= 0) document.body.hidden = true; // nobody reads on meanwhile
  const answered = await keep();
  const over = Date.now() >= end;
  if (over && answered) return location.replace(`${login}?next=${encodeURIComponent(location.pathname)}`);
  document.body.hidden = over;
  if (!over && end - Date.now() > WARNED) dialog.close();
  else if (!over && !warned) dialog.showModal();
  warned = !over;
  busy = false;
};
setInterval(look, 1000);
addEventListener("pageshow", look);
dialog.addEventListener("close", () => send("stay", ""));
