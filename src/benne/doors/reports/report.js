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
  const data = document.getElementById("policy-data");
  if (data) {
    const populations = JSON.parse(data.textContent);
    const [people, unscored, share, said, rows] =
      ["people", "unscored", "share", "said", "rows"].map((id) => document.getElementById(`policy-${id}`));
    const options = (select, names) => select.replaceChildren(...names.map((name, i) => new Option(name, i)));
    const percent = (value, digits) => value === null ? "–" : `${(100 * value).toFixed(digits)} %`;
    const cell = (tag, text, number) => {
      const made = document.createElement(tag);
      made.textContent = text;
      if (number) made.className = "num";
      return made;
    };
    const draw = () => {
      const steps = populations[people.value].policies[unscored.value].explorer;
      share.max = steps.length - 1;
      const step = steps[Math.min(share.value, steps.length - 1)];
      said.textContent = percent(step.share, 0);
      rows.replaceChildren(...step.rates.map((rate) => {
        const row = document.createElement("tr");
        row.append(cell("th", rate.name), cell("td", percent(rate.admitted, 0), true), cell("td", percent(rate.bad_rate, 1), true));
        return row;
      }));
    };
    options(people, populations.map((one) => one.name));
    options(unscored, populations[0].policies.map((one) => one.says));
    for (const control of [people, unscored, share]) control.addEventListener("input", draw);
    document.getElementById("policies").hidden = false;
    draw();
  }
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details")) fold.open = true;
  });
})();
