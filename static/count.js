// How much longer a text may be. Nothing is cut that was typed or pasted.
"use strict";
{
  const count = document.getElementById("count"), { most, left, over } = count.dataset;
  count.closest(".field").addEventListener("input", ({ target }) => {
    const rest = most - [...target.value].length;
    count.textContent = `${rest < 0 ? over : left} ${Math.abs(rest)}`;
  });
}
