// Every minute the worklist is looked at anew, quietly: nothing moves under a cursor, a ticked box or the keyboard.
// Without this file one reloads the page.
"use strict";
{
  const EVERY = 60_000;
  const parts = ["#changelist .results", ".tabs", ".paginator"];
  const busy = () =>
    document.hidden ||
    document.querySelector("#changelist :is(.results, .tabs):is(:hover, :focus-within), #result_list :checked, dialog[open]");

  const look = async () => {
    if (busy()) return;
    try {
      // Not a sign that somebody is here: the session ends in its own time.
      const answer = await fetch(location.href, { headers: { "X-Quiet": "1" }, redirect: "error" });
      if (!answer.ok || busy()) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!fresh.querySelector("#changelist")) return;
      document.title = fresh.title;
      for (const part of parts) {
        const [old, now] = [document.querySelector(part), fresh.querySelector(part)];
        if (!old !== !now) return location.reload(); // the first row has come, or the last has gone
        if (old && old.innerHTML !== now.innerHTML) old.replaceWith(now);
      }
    } catch {
      // no connection: the next minute tries again
    }
  };
  setInterval(look, EVERY);
}
