// Reads a page aloud with the browser's own voice: one sentence after another, each marked while it is heard.
const BLOCKS = "h1, h2, h3, p, li, legend, label, dt, dd, summary, figcaption, .hint";
const SOURCES = /(\s*\b[AGR]\d+)+\s*$/;
let turn = 0;

const shown = (block) => block.checkVisibility() && !block.querySelector(BLOCKS) && !block.closest("[aria-hidden], .vh");

const place = (block, at) => {
  const texts = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  let text = texts.nextNode();
  while (at > text.length) {
    at -= text.length;
    text = texts.nextNode();
  }
  return [text, at];
};

const sentences = (lang) => {
  const parts = new Intl.Segmenter(lang, { granularity: "sentence" });
  return [...document.querySelectorAll("main :is(" + BLOCKS + ")")].filter(shown).flatMap((block) =>
    [...parts.segment(block.textContent)].flatMap(({ segment, index }) => {
      const words = segment.replace(SOURCES, "").trim(), range = new Range();
      range.setStart(...place(block, index));
      range.setEnd(...place(block, index + segment.length));
      return words ? { words, range } : [];
    }));
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
