// Small helps: every page works without them.
"use strict";
// Of the page that is shown: what its buttons send, that it could not be sent, whether it is kept, that it closes soon.
let page, offline, kept, idle;
let path, end, clock, closing, timer;
let edits = 0, held = 0, lost = false, sending = false;
const named = (id) => document.getElementById(id);

// A page the browser kept for "back" may show somebody's answers: ask anew. Back to one that was shown in place asks too.
addEventListener("pageshow", (event) => event.persisted && location.reload());
addEventListener("popstate", () => location.pathname !== path && location.reload());

// An answer that stands alone ("None of these") unticks the others, and they untick it.
addEventListener("change", ({ target }) => {
  if (target.type !== "checkbox" || !target.checked) return;
  for (const box of document.getElementsByName(target.name)) {
    if (box !== target && ("alone" in box.dataset || "alone" in target.dataset)) box.checked = false;
  }
});

const post = async (address, body, patience = 8000, headers = {}) => {
  try {
    const signal = AbortSignal.timeout?.(patience);
    const answer = await fetch(address, { method: "POST", body, headers, keepalive: true, signal });
    const url = answer.headers.get("Next-Page") || answer.url;
    return { status: answer.status, url, elsewhere: answer.redirected, text: await answer.text() };
  } catch {
    return {}; // no connection
  }
};

// Somebody is here, and this stands on the page: whether the server has it now.
const stay = async () => {
  const now = edits, mine = page, sent = new FormData(page);
  const { status, url, elsewhere, text } = await post((idle || kept).dataset.stay, sent), ok = status < 300;
  if (page !== mine) return;
  if (ok && page.contact) page["contact-shown"].value = sent.get("contact"); // what the server has of it now
  if (ok && elsewhere) location.replace(url); // closed, or a page of other questions
  lost = !(status < 500); // else the page is sent: what comes says more
  if (!ok || elsewhere) return;
  end = Date.now() + text * 1000 || end;
  held = Math.max(held, now);
};

// A page of questions is kept while it is filled in.
const keep = async () => {
  clearTimeout(timer);
  if (!kept || held === edits || sending) return;
  const mine = kept;
  await stay();
  if (kept !== mine) return;
  if (lost) timer = setTimeout(keep, 10000);
  const said = lost ? kept.dataset.not : held === edits ? kept.dataset.kept : kept.textContent;
  if (kept.textContent !== said) kept.textContent = said;
};
addEventListener("input", () => {
  edits++;
  clearTimeout(timer);
  timer = setTimeout(keep, 1000);
});
addEventListener("online", () => {
  if (offline) offline.hidden = true;
  keep();
});
addEventListener("visibilitychange", () => document.hidden && keep());

// The page that a form leads to takes this one's place. A second tap sends nothing; without a connection this one stays.
addEventListener("submit", async (event) => {
  const { target, submitter } = event;
  if (sending) return event.preventDefault();
  sending = true;
  // What closes by its <meta> would do so with another page in its place, too.
  if (!offline || document.querySelector("meta[http-equiv]")) return setTimeout(() => (sending = false), 5000);
  event.preventDefault();
  const pressed = submitter?.matches(".vh") ? page["go-on"] : submitter, wait = named("wait");
  pressed?.setAttribute("aria-busy", true);
  const slow = setTimeout(() => (wait.textContent = wait.dataset.said), 1000);
  const sent = new URLSearchParams(new FormData(target));
  if (submitter?.name) sent.set(submitter.name, submitter.value);
  const address = submitter?.hasAttribute("formaction") ? submitter.formAction : target.action;
  const reply = await post(address, sent, 60000, { "Next-Page": "" });
  clearTimeout(slow);
  if (reply.status) return show(reply);
  pressed?.removeAttribute("aria-busy");
  wait.textContent = "";
  sending = offline.hidden = false;
  lost = true;
  keep();
});

const styles = (page) => [...page.querySelectorAll("link[rel=stylesheet]")];
const same = (file) => (other) => other.href === file.href && other.src === file.src;
const load = (file, put) => new Promise((done) => {
  const again = document.createElement(file.localName);
  for (const { name, value } of file.attributes) again.setAttribute(name, value);
  again.onload = again.onerror = done;
  put(again);
});

const show = async ({ url, text }) => {
  const fresh = new DOMParser().parseFromString(text, "text/html"), html = fresh.documentElement;
  const scripts = [...fresh.head.querySelectorAll("script")], here = [...document.head.querySelectorAll("script")];
  // Of another version, or of nobody's questions: as a browser goes there.
  if (!fresh.body.dataset.others || scripts.length !== here.length || !scripts.every((script) => here.some(same(script)))) {
    setTimeout(() => (sending = false), 5000);
    return location.assign(url);
  }
  const closes = fresh.querySelector("head > meta[http-equiv]")?.content.split(";url=");
  const missing = styles(fresh).filter((style) => !styles(document).some(same(style)));
  await Promise.all(missing.map((style) => load(style, (again) => document.head.append(again))));
  for (const style of styles(document)) if (style.sheet) style.sheet.disabled = !styles(fresh).some(same(style));
  delete sessionStorage.whose; // what a button sends may lead into other questions
  document.title = fresh.title;
  Object.assign(document.documentElement, { lang: html.lang, dir: html.dir, className: html.className });
  document.body.replaceWith(fresh.body);
  const { body } = document, inside = [...body.querySelectorAll("script")];
  history[new URL(url, location).pathname === path ? "replaceState" : "pushState"](null, "", url);
  body.hidden = true; // what its scripts change is not seen to change
  await Promise.all(inside.map((script) => load(script, (again) => script.replaceWith(again))));
  body.hidden = false;
  named("main").ariaLabel = fresh.title; // heard where the reader is led
  named("main").focus({ preventScroll: true });
  (named(location.hash.slice(1)) || body).scrollIntoView();
  clearTimeout(closing);
  if (closes) closing = setTimeout(() => location.replace(closes[1]), closes[0] * 1000);
  begin();
};

const begin = () => {
  ({ page } = document.forms);
  [offline, kept, idle] = ["offline", "kept", "idle"].map(named);
  path = location.pathname;
  held = edits; // what stood on the page before was sent along
  end = Infinity; // when the server closes these pages
  lost = sending = false;
  clearTimeout(timer);
  clearInterval(clock);
  document.querySelector(".problem")?.focus();
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
  // A tab keeps to the questions that it shows: reload, Back and old addresses lead into no others.
  const { others } = document.body.dataset;
  if (others) {
    const whose = page.stamp.value.split(":")[1];
    if ((sessionStorage.whose ||= whose) !== whose) location.replace(others);
  }
  if (!idle) return;
  // Two minutes before these pages close, ask whether anybody is there; at the end clear the screen.
  end = Date.now() + idle.dataset.left * 1000;
  clock = setInterval(async () => {
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
};
begin();
