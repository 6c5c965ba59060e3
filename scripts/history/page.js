"use strict";
// Every text of the archive goes into the page as a text node, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const tip = document.getElementById("tip");
const LOOK = { success: "", pass: "", warn: "warn", skipped: "skip", "no-op": "skip" };
const look = (status) => (Object.hasOwn(LOOK, status) ? LOOK[status] : "bad");
const seconds = (value) => (value == null ? "–" : value >= 600 ? `${(value / 60).toFixed(1)} min` : `${value.toFixed(1)} s`);
const moment = (at) => at.slice(0, 16).replace("T", " ");
const percent = (share) => `${(100 * share).toFixed(share && share < 0.1 ? 1 : 0)} %`;

function make(tag, look, ...children) {
  const made = document.createElement(tag);
  if (look) made.className = look;
  made.append(...children.filter((child) => child != null));
  return made;
}

function hint(element, text) {
  const show = (event) => {
    tip.textContent = text;
    tip.hidden = false;
    const box = element.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const x = event.clientX || box.left;
    tip.style.left = `${Math.max(8, Math.min(x + 12, innerWidth - own.width - 8))}px`;
    tip.style.top = `${box.bottom + own.height + 12 < innerHeight ? box.bottom + 6 : Math.max(8, box.top - own.height - 6)}px`;
  };
  for (const name of ["pointerenter", "pointerdown", "focus"]) element.addEventListener(name, show);
  for (const name of ["pointerleave", "blur"]) element.addEventListener(name, () => (tip.hidden = true));
}
addEventListener("scroll", () => (tip.hidden = true), { capture: true, passive: true });

function tile(value, name, look) {
  return make("div", look, make("b", "", value), make("span", "", name));
}

function table(title, heads, rows, none) {
  const made = make("div", "", make("h3", "", title));
  if (!rows.length) return made.append(make("p", "about", none)), made;
  const line = (cells, tag) => make("tr", "", ...cells.map((cell, place) => make(tag, place ? "n" : tag === "td" ? "name" : "", cell)));
  made.append(make("table", "", line(heads, "th"), ...rows.map((row) => line(row, "td"))));
  return made;
}

function legend(entries, more) {
  return make("p", "legend", ...entries.map(([name, look]) => make("span", "", make("i", look), name)), more);
}

function drawnOf(group) {
  return group.runs.length < group.count ? `${group.runs.length} of ${group.count} runs are drawn` : null;
}

function chart(group, choose) {
  const most = Math.max(...group.runs.map((run) => run.seconds), 0.1);
  const bars = make("div", "bars");
  group.runs.forEach((run, place) => {
    const bar = make("button", run.state === "success" ? "" : "bad", make("i"));
    bar.firstChild.style.height = `${(100 * Math.max(run.seconds, 0)) / most}%`;
    bar.setAttribute("aria-label", `${moment(run.at)}, ${run.state}, ${seconds(run.seconds)}`);
    bar.addEventListener("click", () => choose(place));
    hint(bar, `${moment(run.at)} UTC\n${run.state}, ${seconds(run.seconds)}\n${run.run}`);
    bars.append(bar);
  });
  bars.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) choose([...bars.children].indexOf(document.activeElement) + step, true);
  });
  const scale = make("div", "scale", ...[most, most / 2, 0].map((value) => make("span", "", seconds(value))));
  const ends = [...new Set([group.runs[0], group.runs.at(-1)])].map((run) => make("span", "", moment(run.at)));
  const wide = make("div", "wide", bars, make("div", "axis", ...ends));
  // Few bars leave the rest of the line free, and the axis ends with them.
  wide.style.minWidth = `min(100%, ${Math.max(29 * group.runs.length, 240)}px)`;
  return [make("div", "chart", scale, make("div", "scroll", wide)), bars];
}

function row(name, node, whole) {
  const [, status, start, length, tries] = node;
  const kind = name.split(".", 1)[0], mark = make("i", look(status) + (tries > 1 ? " again" : ""));
  mark.style.left = `${Math.min(99, (100 * Math.max(start, 0)) / whole)}%`;
  mark.style.width = `${Math.min(100, (100 * Math.max(length, 0)) / whole)}%`;
  const made = make("div", "row", make("span", `name ${kind === "test" ? "test" : ""}`, data.short[node[0]]),
    make("span", "track", mark), make("span", "n", seconds(length)));
  const again = tries > 1 ? `, ${tries} tries` : "";
  hint(made, `${name}\n${status}${again}\nstart ${seconds(start)}, ${seconds(length)}`);
  return made;
}

function timeline(run) {
  const nodes = [...run.nodes].sort((one, other) => one[2] - other[2] || one[0] - other[0]);
  const whole = Math.max(...nodes.map((node) => node[2] + node[3]), 0.1);
  const marks = [0, 1, 2, 3, 4].map((part) => make("span", part % 2 ? "half" : "", seconds((whole * part) / 4)));
  const rows = make("div", "rows", make("div", "row axis", make("span", "", ...marks)));
  const lines = nodes.map((node) => [data.names[node[0]], row(data.names[node[0]], node, whole)]);
  rows.append(...lines.map(([, line]) => line));
  const filter = make("input");
  Object.assign(filter, { type: "search", placeholder: `filter ${nodes.length} nodes`, ariaLabel: "filter nodes" });
  filter.addEventListener("input", () => {
    for (const [name, line] of lines) line.hidden = line.style.display = name.includes(filter.value) ? "" : "none";
  });
  const errors = Object.entries(run.errors).map(([name, text]) => make("div", "", make("h3", "name", name), make("pre", "", text)));
  const states = legend([["passed", ""], ["warned", "warn"], ["failed", "bad"], ["skipped", "skip"]]);
  return [filter, rows, states, make("div", "errors", ...errors)];
}

function detail(group, place, choose) {
  const run = group.runs[place];
  const step = (text, to) => {
    const button = make("button", "", text);
    button.disabled = !group.runs[to];
    button.addEventListener("click", () => choose(to));
    return button;
  };
  const tools = make("div", "tools", step("← older", place - 1), step("newer →", place + 1));
  const git = run.git ? ` · git ${run.git.slice(0, 12)}` : "";
  const about = make("p", "about", make("span", run.state === "success" ? "" : "bad", run.state),
    ` · ${moment(run.at)} UTC · ${seconds(run.seconds)} · release ${run.release}${git} · artifacts ${run.artifacts}`);
  return [make("div", "head", make("h3", "", run.run), tools), about, ...timeline(run)];
}

function reveal(bars) {
  const bar = bars.querySelector("[aria-current]");
  const box = bars.closest(".scroll"), left = bar.offsetLeft - bars.offsetLeft;
  const seen = left >= box.scrollLeft && left + bar.offsetWidth <= box.scrollLeft + box.clientWidth;
  if (!seen) box.scrollLeft = left - box.clientWidth + 4 * bar.offsetWidth;
}

function section(group) {
  const shown = make("div", "run");
  const choose = (place, focus) => {
    if (!group.runs[place]) return;
    shown.replaceChildren(...detail(group, place, choose));
    [...bars.children].forEach((bar, number) => {
      bar.tabIndex = number === place ? 0 : -1;
      number === place ? bar.setAttribute("aria-current", "true") : bar.removeAttribute("aria-current");
    });
    if (focus) bars.children[place].focus();
    reveal(bars);
  };
  const [drawn, bars] = chart(group, choose);
  const tiles = make("div", "tiles", tile(String(group.count), "runs"),
    tile(percent(group.failed / group.count), `failed (${group.failed})`, group.failed ? "bad" : ""),
    tile(seconds(group.p50), "median"), tile(seconds(group.p95), "p95"));
  const slow = group.slowest.map((one) => [one.name, seconds(one.mean), percent(one.share), String(one.runs)]);
  const flaky = group.flaky.map((one) => [one.name, String(one.retried), String(one.recovered), String(one.runs)]);
  const made = make("section", "", make("h2", "", group.title), tiles, drawn, legend([["success", ""], ["failed", "bad"]], drawnOf(group)),
    make("div", "tables", table("Slowest nodes", ["node", "mean", "of all", "runs"], slow, "Nothing ran."),
      table("Flaky nodes", ["node", "by a retry", "next run", "runs"], flaky, "None succeeded after a failure of the same code.")),
    shown);
  choose(group.chosen);
  return [made, bars];
}

document.title = `dbt runs, ${data.environment}`;
document.getElementById("about").textContent = `${data.environment} · ${data.span} · made ${moment(data.made)} UTC`;
const drawn = data.groups.map(section);
document.getElementById("main").append(...drawn.map(([made]) => made));
if (!drawn.length) document.getElementById("main").append(make("section", "", "No runs in this time."));
const revealAll = () => drawn.forEach(([, bars]) => reveal(bars));
addEventListener("resize", revealAll);
revealAll();
