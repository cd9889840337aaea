// A drawing of the body: a tap on a place ticks its box in the list, and every tick shows in the drawing. It stands right
// after the list, and folds it before the browser shows what comes below: nothing jumps.
"use strict";
{
  const listed = document.currentScript.previousElementSibling;
  const small = innerWidth < 14 * parseFloat(getComputedStyle(listed).fontSize); // the drawing, for type this large
  listed.open = small || !matchMedia("(hover: none)").matches;
  const wake = () => {
    const field = listed.closest("fieldset"), map = field.querySelector(".map"), { dataset } = map;
    const boxes = new Map([...field.querySelectorAll("input")].map((box) => [box.value, box]));
    const views = [...map.querySelectorAll(".view")];
    const sides = [...document.getElementsByName(dataset.mirrorItem)]; // may be asked on this very page
    let shown = views[0];

    for (const svg of map.querySelectorAll("svg")) svg.after(svg.cloneNode(true)); // for both sides, both
    const places = [...map.querySelectorAll("[data-place]")];
    const drawn = [...boxes.values()].filter((box) => places.some((place) => place.dataset.place === box.value));

    const show = () => {
      const side = sides.find((box) => box.checked)?.value ?? dataset.side;
      for (const name of ["right", "both"]) map.classList.toggle(name, side === name);
      for (const view of views) view.classList.toggle("shown", view === shown);
      map.querySelector(".caption").textContent = [dataset[side], shown.lastChild.textContent].filter(Boolean).join(", ");
      const wide = boxes.get(dataset.wide)?.checked ? dataset.takes.split(" ") : [];
      for (const { classList, dataset: { place } } of places) classList.toggle("on", boxes.get(place).checked || wide.includes(place));
      map.querySelector(".marked").textContent = drawn.filter((box) => box.checked).map((box) => box.labels[0].textContent).join(" · ");
    };

    map.addEventListener("click", ({ target }) => {
      shown = target.closest(".view > b")?.parentNode ?? shown;
      boxes.get(target.closest("[data-place]")?.dataset.place)?.click();
      show();
    });
    field.form.addEventListener("change", show);
    addEventListener("pageshow", show, { once: true }); // by now the browser has put back what was ticked
    map.hidden = false;
    show();
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", wake);
  else wake();
}
