// Small helps: every page works without them.
"use strict";
const { page } = document.forms; // what the buttons of a page send
const offline = document.getElementById("offline");
const kept = document.getElementById("kept"); // says whether what stands on the page is kept
const idle = document.getElementById("idle");
let end = Infinity; // when the server closes these pages

// A page the browser kept for "back" may show somebody's answers: ask anew.
addEventListener("pageshow", (event) => event.persisted && location.reload());

document.querySelector(".problem")?.focus();

// An answer that stands alone ("None of these") unticks the others, and they untick it.
addEventListener("change", ({ target }) => {
  if (target.type !== "checkbox" || !target.checked) return;
  for (const box of document.getElementsByName(target.name)) {
    if (box !== target && ("alone" in box.dataset || "alone" in target.dataset)) box.checked = false;
  }
});

const post = async (address, body) => {
  try {
    const answer = await fetch(address, { method: "POST", body, keepalive: true, signal: AbortSignal.timeout?.(8000) });
    return { status: answer.status, url: answer.url, elsewhere: answer.redirected, text: await answer.text() };
  } catch {
    return {}; // no connection
  }
};

// Somebody is here, and this stands on the page: whether the server has it now.
let edits = 0, held = 0, lost = false;
const stay = async () => {
  const now = edits, sent = new FormData(page);
  const { status, url, elsewhere, text } = await post((idle || kept).dataset.stay, sent), ok = status < 300;
  if (ok && page.contact) page["contact-shown"].value = sent.get("contact"); // what the server has of it now
  if (ok && elsewhere) location.replace(url); // closed, or a page of other questions
  lost = !(status < 500); // else the page is sent: what comes says more
  if (!ok || elsewhere) return !lost && !elsewhere;
  end = Date.now() + text * 1000 || end;
  held = Math.max(held, now);
  return true;
};

// A page of questions is kept while it is filled in.
if (kept) {
  let timer;
  const keep = async () => {
    clearTimeout(timer);
    if (held === edits) return;
    await stay();
    if (lost) timer = setTimeout(keep, 10000);
    const said = lost ? kept.dataset.not : held === edits ? kept.dataset.kept : kept.textContent;
    if (kept.textContent !== said) kept.textContent = said;
  };
  addEventListener("input", () => {
    edits++;
    clearTimeout(timer);
    timer = setTimeout(keep, 1000);
  });
  addEventListener("online", keep);
  addEventListener("visibilitychange", () => document.hidden && keep());
}

// A second tap within five seconds sends nothing. With no connection the page stays until one has been tried.
let sent = -5000, tried = false;
addEventListener("submit", async (event) => {
  if (event.timeStamp - sent < 5000) return event.preventDefault();
  sent = event.timeStamp;
  if (!offline || tried || (navigator.onLine && !lost)) return (held = edits); // what stands here is sent along
  event.preventDefault();
  tried = offline.hidden = await stay();
  sent = -5000;
  if (tried) (event.submitter || page.querySelector("button")).click();
});
addEventListener("online", () => offline && (offline.hidden = true));

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// Two minutes before these pages close, ask whether anybody is there; at the end clear the screen.
if (idle) {
  end = Date.now() + idle.dataset.left * 1000;
  const clock = setInterval(async () => {
    const left = end - Date.now();
    if (left < 120000 && left >= 0 && !idle.open) idle.showModal();
    if (left >= 0) return;
    clearInterval(clock);
    document.body.hidden = true;
    const whose = new FormData();
    for (const name of ["csrfmiddlewaretoken", "stamp"]) whose.set(name, page[name].value);
    location.replace((await post(idle.dataset.end, whose)).url || idle.dataset.end + "?ended");
  }, 1000);
  idle.querySelector("button").addEventListener("click", () => idle.close());
  idle.addEventListener("close", stay);
}

// A tab keeps to the questions that it shows: reload, Back and old addresses lead into no others. What a button sends may.
const { others } = document.body.dataset;
if (others) {
  const whose = page.stamp.value.split(":")[1];
  if ((sessionStorage.whose ||= whose) !== whose) location.replace(others);
}
addEventListener("submit", () => delete sessionStorage.whose);
