// A drawing of the body: a tap on a place ticks its box in the list, and every tick shows in the drawing.
"use strict";
for (const map of document.querySelectorAll(".map")) {
  const boxes = new Map([...map.closest("fieldset").querySelectorAll("input")].map((box) => [box.value, box]));
  const places = [...map.querySelectorAll("[data-place]")];
  const drawn = [...boxes.values()].filter((box) => places.some(({ dataset }) => dataset.place === box.value));
  const { mirrorItem, mirrorCodes } = map.dataset;
  const sides = mirrorItem ? [...document.getElementsByName(mirrorItem)] : [];

  const show = () => {
    for (const { classList, dataset } of places) classList.toggle("on", Boolean(boxes.get(dataset.place)?.checked));
    const marked = drawn.filter((box) => box.checked).map((box) => box.labels[0].textContent);
    map.querySelector(".marked").textContent = marked.join(" · ");
    // The side may be asked on this very page.
    const side = sides.find((box) => box.checked);
    if (sides.length) map.classList.toggle("mirrored", mirrorCodes.split(" ").includes(side?.value));
  };

  map.addEventListener("click", ({ target }) => boxes.get(target.closest("[data-place]")?.dataset.place)?.click());
  addEventListener("change", show);
  addEventListener("pageshow", show); // by now the browser has put back what was ticked
  map.hidden = false;
  show();
}
