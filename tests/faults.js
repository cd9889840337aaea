// What axe does not look at. Gives a list of faults, each with the element it is about.
() => {
  const faults = [];
  const fault = (what, element) => faults.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getBoundingClientRect().width > 1;

  const ids = all("[id]").map((element) => element.id);
  for (const element of all("[id]")) if (ids.indexOf(element.id) !== ids.lastIndexOf(element.id)) fault("an id twice", element);
  for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for", "form"])
    for (const element of all(`[${name}]`))
      for (const id of element.getAttribute(name).split(/\s+/)) if (!ids.includes(id)) fault(`${name} leads nowhere`, element);
  for (const link of all("a[href^='#']")) if (!ids.includes(link.hash.slice(1))) fault("a link that leads nowhere", link);

  if (all("h1").filter(shown).length !== 1) fault("not one h1", document.body);
  if (!document.title.trim()) fault("no title", document.head);
  if (!!document.querySelector(".problem") !== /^Error: /.test(document.title) && document.documentElement.lang === "en")
    fault("title and error disagree", document.querySelector("title"));
  if (document.querySelector(".problem") && document.activeElement !== document.querySelector(".problem")) fault("not focused", document.querySelector(".problem"));

  for (const group of all("fieldset")) {
    if (!group.querySelector(":scope > legend")?.textContent.trim()) fault("a group without a legend", group);
    const [hint, input] = [group.querySelector(":scope > .hint"), group.querySelector("input")];
    if (hint && !(hint.compareDocumentPosition(input) & Node.DOCUMENT_POSITION_FOLLOWING)) fault("the hint comes late", group);
  }
  for (const target of all("button, .button, .option, summary, .call, .back, header a, footer a, input:not([type=hidden])").filter(shown)) {
    const area = (target.closest(".option, .point") ?? target).getBoundingClientRect();
    if (area.height < 44 || area.width < 24) fault(`a target of ${Math.round(area.width)} by ${Math.round(area.height)}`, target);
  }
  if (document.documentElement.scrollWidth > innerWidth) fault("wider than the screen", document.body);
  for (const element of all("[style], script:not([src]), style")) fault("inline", element);
  return faults;
}
