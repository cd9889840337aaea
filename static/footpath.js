// Small helps: every page works without them.
"use strict";
let page, offline, kept, idle; // of the page that is shown
let path, end, clock, timer;
let since, tapped = -1000; // when the page was shown, and a form sent
let edits = 0, held = 0, lost = false, sending = false;
let coming, ahead; // what stands here on its way to be kept, and the page that it leads to
let behind; // answers whose next page is shown, until the server has taken them
const STYLE = "[rel=stylesheet]", ASKED = { "Next-Page": "" };
const named = (id) => document.getElementById(id);
const inPlace = () => offline && !document.documentElement.matches(".room");

// A page kept for "back" may show somebody's answers: ask anew. So is one that another took the place of.
addEventListener("pageshow", (event) => event.persisted && location.reload());
addEventListener("popstate", () => location.pathname !== path && location.reload());

// "None of these" unticks the others, and they untick it.
addEventListener("change", ({ target }) => {
  if (target.type !== "checkbox" || !target.checked) return;
  for (const box of document.getElementsByName(target.name)) {
    if (box !== target && ("alone" in box.dataset || "alone" in target.dataset)) box.checked = false;
  }
}, true); // before a drawing shows what is ticked

// An error goes once it is answered; its room stays, so that nothing moves under a finger.
addEventListener("change", ({ target }) => {
  const field = target.closest("[aria-invalid=true]"), problem = document.querySelector(".problem");
  if (!field) return;
  field.ariaInvalid = false;
  const said = named(field.id + "_error");
  said.removeAttribute("id"); // it describes the question no more
  for (const past of [said, ...(document.querySelector("[aria-invalid=true]") ? [] : [problem])]) past.style.visibility = "hidden";
});

const post = async (address, body, patience = 8000, headers = {}) => {
  try {
    const signal = AbortSignal.timeout?.(patience);
    const answer = await fetch(address, { method: "POST", body, headers, keepalive: true, signal });
    const [next, mark, left] = ["Next-Page", "Page-Mark", "Seconds-Left"].map((name) => answer.headers.get(name));
    const url = next || (answer.redirected ? answer.url : "");
    return { status: answer.status, url, mark, left, text: await answer.text() };
  } catch {
    return {}; // no connection
  }
};

// Somebody is here, and this stands on the page.
const stay = async () => {
  const now = edits, mine = page, sent = new FormData(page);
  const { status, left, ...next } = await post((idle || kept).dataset.stay, sent, 8000, inPlace() ? ASKED : {});
  const ok = status < 300;
  if (page !== mine) return;
  if (ok && page.contact) page["contact-shown"].value = sent.get("contact"); // what the server has of it now
  if (ok && !left) location.replace(next.url); // closed, or a page of other questions
  lost = !(status < 500); // else the page is sent: what comes says more
  if (!ok || !left) return;
  end = Date.now() + left * 1000;
  held = Math.max(held, now);
  ahead = next.url && { of: now, ...prepare(next) };
};

const later = (wait) => {
  clearTimeout(timer);
  timer = setTimeout(keep, wait);
};

const keep = async () => {
  const mine = kept, now = edits;
  clearTimeout(timer);
  if (behind && !(await catchUp())) return;
  if (!kept || held === edits || sending || coming) return;
  await (coming = stay());
  if (kept !== mine) return;
  coming = null;
  if (edits !== now) return keep();
  if (lost) later(10000);
  const said = lost ? kept.dataset.not : held === edits ? kept.dataset.kept : kept.textContent;
  if (kept.textContent !== said) kept.textContent = said;
};
addEventListener("input", ({ target }) => {
  edits++;
  later(/radio|checkbox/.test(target.type) ? 0 : 1000); // a tick is whole, a word grows
});
addEventListener("online", () => {
  if (offline) offline.hidden = true;
  keep();
});
addEventListener("visibilitychange", () => document.hidden && keep());

// Whether the server took what led here. Nothing else is sent before.
const catchUp = () => behind.going ||= (async () => {
  const { address, sent, mark } = behind;
  const answer = await post(address, sent, 60000, { ...ASKED, "Page-Mark": mark });
  if (!answer.status) {
    later(10000);
    return (behind.going = offline.hidden = false);
  }
  behind = null;
  if (answer.status === 204) return true;
  sending = true; // this page goes: they lead elsewhere
  show(prepare(answer));
})();

// The second tap of two is not meant for the next page.
addEventListener("click", (event) => {
  const soon = event.timeStamp - tapped;
  if (since < tapped || soon > (event.pointerType === "touch" ? 300 : event.detail > 1 ? 600 : 0)) return;
  event.preventDefault();
  event.stopPropagation();
}, true);

// The page that a form leads to takes this one's place. A second tap sends nothing; offline this one stays.
addEventListener("submit", async (event) => {
  const { target, submitter } = event, wait = named("wait");
  if (submitter?.dataset.said) named("saved").textContent = submitter.dataset.said;
  if (sending) return event.preventDefault();
  sending = true;
  tapped = event.timeStamp;
  delete sessionStorage.whose; // what a button sends may lead into other questions
  if (!inPlace()) return setTimeout(() => (sending = false), 5000);
  event.preventDefault();
  const pressed = submitter?.matches(".vh") ? page["go-on"] : submitter;
  pressed?.setAttribute("aria-busy", true);
  const slow = setTimeout(() => (wait.textContent = wait.dataset.said), 1000);
  const sent = new URLSearchParams(new FormData(target));
  if (submitter?.name) sent.set(submitter.name, submitter.value);
  const address = submitter?.hasAttribute("formaction") ? submitter.formAction : target.action;
  await coming;
  const taken = !behind || (await catchUp());
  if (taken === undefined) return;
  if (taken && ahead?.of === edits && navigator.onLine && pressed === page["go-on"]) {
    behind = { address, sent, mark: ahead.mark };
    catchUp();
    clearTimeout(slow);
    return show(ahead);
  }
  const answer = taken ? await post(address, sent, 60000, ASKED) : {};
  clearTimeout(slow);
  if (answer.status) return show(prepare(answer));
  pressed?.removeAttribute("aria-busy");
  wait.textContent = "";
  sending = offline.hidden = false;
  lost = true;
  keep();
});

const files = (where, kind) => [...where.querySelectorAll(kind)];
const among = (others) => ({ href }) => others.some((file) => file.href === href);
const load = (file, put) => new Promise((done) => {
  const again = document.createElement(file.localName);
  for (const { name, value } of file.attributes) again.setAttribute(name, value);
  again.onload = again.onerror = done;
  put(again);
});

// With its files on the way, so that a page beforehand is whole.
const prepare = ({ url, mark, text }) => {
  const made = new DOMParser().parseFromString(text, "text/html");
  for (const { href, src } of files(made, STYLE + ",script")) fetch(href || src).catch(() => {});
  return { url, mark, made };
};

const show = async ({ url, made }) => {
  const { head, body, title, documentElement: html } = made;
  const scripts = files(head, "script"), here = files(document.head, "script");
  const known = scripts.length === 1 && here.length === 1 && scripts[0].src === here[0].src;
  // No page of these questions, or of another version: as a browser goes there.
  if (!body.dataset.others || (url && !known)) {
    setTimeout(() => (sending = false), 5000);
    return location.assign(url || path);
  }
  const styles = files(head, STYLE), there = files(document.head, STYLE);
  const missing = styles.filter((style) => !among(there)(style));
  await Promise.all(missing.map((style) => load(style, (again) => document.head.append(again))));
  for (const style of files(document.head, STYLE)) style.media = among(styles)(style) ? "" : "not all";
  document.title = title;
  Object.assign(document.documentElement, { lang: html.lang, dir: html.dir, className: html.className });
  document.body.replaceWith(body);
  body.hidden = true; // what the page's own scripts change is not seen to change
  await Promise.all(files(body, "script").map((script) => load(script, (again) => script.replaceWith(again))));
  body.hidden = false;
  history[new URL(url, location).pathname === path ? "replaceState" : "pushState"](null, "", url || path);
  named("main").ariaLabel = title; // heard as the page begins
  named("main").focus({ preventScroll: true });
  (named(location.hash.slice(1)) || body).scrollIntoView();
  begin();
};

const begin = () => {
  ({ page } = document.forms);
  [offline, kept, idle] = ["offline", "kept", "idle"].map(named);
  path = location.pathname;
  since = performance.now();
  held = edits; // what stood on the page before was sent along
  end = Infinity; // when the server closes these pages
  lost = sending = false;
  coming = ahead = null;
  clearInterval(clock);
  clearTimeout(timer);
  if (behind) keep();
  document.querySelector("[autofocus]")?.focus(); // an error, or a question that an answer has opened
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }

  // Read aloud, where the browser has a voice.
  const [listen, slower] = ["listen", "slower"].map(named);
  if (listen && window.speechSynthesis) {
    speechSynthesis.cancel(); // of the page before
    listen.hidden = false;
    listen.addEventListener("click", async () => (await import(listen.dataset.file)).read(listen, slower));
    slower.addEventListener("click", () => (slower.ariaPressed = slower.ariaPressed !== "true"));
  }

  // A tab keeps to its questions: reload, Back and old addresses lead into no others.
  const { others } = document.body.dataset, whose = page.stamp?.value.split(":")[1];
  if (others && (sessionStorage.whose ||= whose) !== whose) location.replace(others);

  // Two minutes before these pages close, ask; at the end clear the screen.
  if (!idle) return;
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
