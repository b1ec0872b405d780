"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const make = (tag, attributes, text) => {
    const made = document.createElementNS(byId("policy-svg").namespaceURI, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const percent = (value, digits = 1) => value === null ? "–" : `${(100 * value).toFixed(digits)} %`;
  const span = ([value, low, high], digits = 1) =>
    value === null || low === null || percent(low, digits) === percent(high, digits) ? percent(value, digits)
      : `${percent(value, digits)} (${percent(low, digits)} to ${percent(high, digits)})`;
  const title = (name) => name[0].toUpperCase() + name.slice(1);

  // --- two pages in one: tabs where there is a script, one after the other where there is none
  const pages = ["story", "builders"].map((id) => ({ page: byId(id), tab: byId(`tab-${id}`) }));
  const show = (wanted, focus) => {
    for (const { page, tab } of pages) {
      const here = page === wanted.page;
      page.hidden = !here;
      tab.setAttribute("aria-selected", String(here));
      tab.tabIndex = here ? 0 : -1;
      if (here && focus) tab.focus();
    }
  };
  const followHash = () => {
    const target = location.hash && byId(location.hash.slice(1));
    const wanted = target && pages.find(({ page }) => page.contains(target));
    if (wanted) {
      show(wanted, false);
      target.scrollIntoView({ behavior: "instant" });
    }
  };
  byId("tabs").hidden = false;
  for (const [at, one] of pages.entries()) {
    one.page.setAttribute("role", "tabpanel");
    one.page.setAttribute("aria-labelledby", one.tab.id);
    one.tab.addEventListener("click", () => show(one, false));
    one.tab.addEventListener("keydown", (event) => {
      const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: pages.length - 1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      show(pages[(next + pages.length) % pages.length], true);
    });
  }
  show(pages[0], false);
  addEventListener("hashchange", followHash);
  followHash();

  // --- the policy
  const data = byId("policy-data");
  if (data) {
    const populations = JSON.parse(data.textContent);
    const [people, unscored, step, said, what] =
      ["people", "unscored", "step", "said", "what"].map((id) => byId(`policy-${id}`));
    const mode = () => document.querySelector("input[name=mode]:checked").value;
    const options = (select, names) => select.replaceChildren(...names.map((name, i) => new Option(name, i)));

    const bar = (name, admitted, rate, bad) => {
      const failed = admitted * (rate ?? 0);
      const parts = [
        ["paid", admitted - failed, "admitted and pay"],
        ["failed", failed, "admitted and fail"],
        ["lost", Math.max(0, 1 - admitted - (bad - failed)), "refused, would have paid"],
        ["spared", Math.max(0, bad - failed), "refused, would have failed"],
      ];
      const row = document.createElement("div");
      row.className = "thousand";
      const head = document.createElement("span");
      head.textContent = title(name);
      const strip = document.createElement("div");
      strip.setAttribute("role", "img");
      strip.setAttribute("aria-label", parts.map(([, share, words]) => `${Math.round(1000 * share)} ${words}`).join(", "));
      for (const [kind, share] of parts) {
        const piece = document.createElement("i");
        piece.className = kind;
        piece.style.width = `${100 * share}%`;
        if (share > 0.045) piece.textContent = String(Math.round(1000 * share));
        piece.title = `${Math.round(1000 * share)} of 1,000`;
        strip.append(piece);
      }
      row.append(head, strip);
      return row;
    };

    const curve = (found, at) => {
      const [width, height, left, bottom, right, top] = [440, 250, 46, 38, 62, 10];
      const limit = 1.08 * Math.max(found.bad, ...found.scores.flatMap((s) => s.share.map(([, r]) => r[0] ?? 0)));
      const x = (share) => left + (width - left - right) * share;
      const y = (rate) => height - bottom - (height - bottom - top) * (rate / limit);
      const says = "Bad rate of those admitted, by the share admitted, a line for each score";
      const svg = byId("policy-svg");
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      svg.setAttribute("aria-label", says);
      svg.replaceChildren();
      for (const share of [0, 0.25, 0.5, 0.75, 1]) {
        svg.append(make("line", { class: "grid", x1: x(share), x2: x(share), y1: top, y2: height - bottom }));
        svg.append(make("text", { x: x(share), y: height - bottom + 14, "text-anchor": "middle" }, percent(share, 0)));
      }
      const unit = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2].find((u) => limit / u <= 6) ?? 0.5;
      for (let rate = 0; rate <= limit; rate += unit) {
        svg.append(make("line", { class: "grid", x1: left, x2: width - right, y1: y(rate), y2: y(rate) }));
        svg.append(make("text", { x: left - 6, y: y(rate) + 4, "text-anchor": "end" }, percent(rate, unit < 0.01 ? 1 : 0)));
      }
      svg.append(make("text", { x: x(0.5), y: height - 6, "text-anchor": "middle" }, "share admitted"));
      const labels = [];
      for (const score of found.scores) {
        const points = score.share.filter(([a, r], i) => r[0] !== null && a[0] > found.shares[i] - 0.01);
        if (!points.length) continue;
        const line = points.map(([a, r], i) => `${i ? "L" : "M"}${x(a[0]).toFixed(1)},${y(r[0]).toFixed(1)}`).join("");
        svg.append(make("path", { class: `line ${score.name}`, d: line }));
        const [a, r] = points[points.length - 1];
        labels.push([score.name, x(a[0]), y(r[0])]);
        const [now, rate] = at(score);
        if (rate[0] === null || now[0] === 0) continue;
        if (rate[1] !== null) svg.append(make("line", { class: `line ${score.name}`, x1: x(now[0]), x2: x(now[0]), y1: y(Math.min(rate[2], limit)), y2: y(rate[1]) }));
        svg.append(make("circle", { class: score.name, cx: x(now[0]), cy: y(rate[0]), r: 5 }));
      }
      labels.sort((one, other) => one[2] - other[2]);
      labels.forEach((label, i) => { if (i && label[2] - labels[i - 1][2] < 13 && label[1] - labels[i - 1][1] < 40) label[2] = labels[i - 1][2] + 13; });
      for (const [name, across, down] of labels) svg.append(make("text", { class: `name ${name}`, x: across + 6, y: down + 4 }, title(name)));
      byId("policy-curve").hidden = false;
    };

    const draw = () => {
      const found = populations[people.value].policies[unscored.value];
      const by = mode(), steps = by === "share" ? found.shares : found.limits;
      step.max = steps.length - 1;
      const chosen = steps[Math.min(step.value, steps.length - 1)];
      const at = (score) => score[by][steps.indexOf(chosen)];
      what.textContent = by === "share" ? "Admit" : "At most";
      said.textContent = by === "share" ? percent(chosen, 0) : `${percent(chosen)} bad`;
      step.setAttribute("aria-valuetext", said.textContent);
      byId("policy-bars").replaceChildren(...found.scores.map((score) => {
        const [admitted, rate] = at(score);
        return bar(score.name, admitted[0], rate[0], found.bad);
      }));
      byId("policy-table").querySelector("tbody").replaceChildren(...found.scores.map((score) => {
        const row = document.createElement("tr"), [admitted, rate] = at(score);
        const cells = [["th", title(score.name)], ["td", span(admitted)], ["td", span(rate)]].map(([tag, text]) => {
          const cell = document.createElement(tag);
          cell.textContent = text;
          if (tag === "th") cell.scope = "row"; else cell.className = "num";
          return cell;
        });
        row.append(...cells);
        return row;
      }));
      const short = by === "share" ? found.scores.filter((score) => at(score)[0][0] < chosen - 0.005) : [];
      byId("policy-note").textContent = short.length
        ? `${short.map((s) => title(s.name)).join(" and ")} cannot admit so many: ${short.length > 1 ? "they have" : "it has"} no score for the others.`
        : by === "limit" ? "The largest admission whose bad rate does not exceed the limit." : "";
      curve(found, at);
    };
    options(people, populations.map((one) => one.name));
    options(unscored, populations[0].policies.map((one) => one.says));
    for (const control of [people, unscored, step, ...document.querySelectorAll("input[name=mode]")])
      control.addEventListener("input", draw);
    byId("policy-controls").hidden = byId("policy-legend").hidden = false;
    draw();
  }

  const hidden = [];
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details:not([open])")) fold.open = true;
    for (const { page } of pages) if (page.hidden) { hidden.push(page); page.hidden = false; }
  });
  addEventListener("afterprint", () => { for (const page of hidden.splice(0)) page.hidden = true; });
})();
