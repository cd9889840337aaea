// Reads a page aloud with the browser's own voice: one sentence after another, each marked while it is heard.
const BLOCKS = "h1, h2, h3, p, li, legend, label, dt, dd, summary, figcaption, .hint, .from";
let turn = 0;

// The texts of each block that is shown, without those of blocks within it.
const runs = () => {
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), found = [];
  let text, last;
  while ((text = texts.nextNode())) {
    const on = text.parentElement, block = on.closest(BLOCKS);
    if (!block || !on.checkVisibility() || on.closest("[aria-hidden]:not(.map), .vh, sup")) continue;
    if (block !== last) found.push([]);
    found.at(-1).push(text);
    last = block;
  }
  return found;
};

const place = (run, at) => {
  for (const text of run) {
    if (at <= text.length) return [text, at];
    at -= text.length;
  }
};

// "Dec. 1" is no end of a sentence, and a number to call is said digit by digit.
const sentences = (lang) => {
  const parts = new Intl.Segmenter(lang, { granularity: "sentence" });
  return runs().flatMap((run) => {
    const whole = run.map(({ data }) => data).join(""), spans = [];
    for (const { segment, index } of parts.segment(whole)) {
      if (!index || /^\D/.test(segment)) spans.push([index]);
      spans.at(-1)[1] = index + segment.length;
    }
    return spans.flatMap(([begin, end]) => {
      const range = new Range();
      let words = whole.slice(begin, end).trim();
      range.setStart(...place(run, begin));
      range.setEnd(...place(run, end));
      for (const { data, parentElement } of run) {
        if (parentElement.matches("[href^=tel]")) words = words.replace(data, data.replace(/\d(?=\d)/g, "$& "));
      }
      return words ? { words, range } : [];
    });
  });
};

const stop = (listen, slower) => {
  turn++;
  speechSynthesis.cancel();
  CSS.highlights?.clear();
  slower.hidden = true;
  listen.textContent = listen.dataset.listen;
};

export const read = (listen, slower) => {
  if (!slower.hidden) return stop(listen, slower);
  const { lang } = document.documentElement, mine = ++turn, left = sentences(lang);
  slower.hidden = false;
  listen.textContent = listen.dataset.stop;
  const next = () => {
    if (mine !== turn) return;
    if (!left.length || !listen.isConnected) return stop(listen, slower);
    const { words, range } = left.shift(), said = new SpeechSynthesisUtterance(words);
    CSS.highlights?.set("heard", new Highlight(range));
    range.startContainer.parentElement.scrollIntoView({ block: "nearest" });
    Object.assign(said, { lang, rate: slower.ariaPressed === "true" ? 0.7 : 1, onend: next, onerror: next });
    speechSynthesis.speak(said);
  };
  next();
};
