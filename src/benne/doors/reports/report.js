"use strict";
(() => {
  const input = document.getElementById("find");
  if (input) {
    const plots = [...document.querySelectorAll(".plot")];
    const found = document.getElementById("found");
    input.closest(".search").hidden = false;
    const more = document.getElementById("more");
    input.addEventListener("input", () => {
      if (more && input.value) more.open = true;
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const plot of plots) {
        plot.hidden = !words.every((word) => plot.dataset.text.includes(word));
        shown += plot.hidden ? 0 : 1;
      }
      found.textContent = words.length ? `${shown} of ${plots.length}` : "";
    });
  }
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details")) fold.open = true;
  });
})();
