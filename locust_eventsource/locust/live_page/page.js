/* The live page: asks for the state of the run once a second and shows it.

   streams/data?window=30|120|600|all answers:
     run       {id, words, elapsed_s, ended}; id is null before the first test
     verdict   {words, tone, summary}; tones are pass, fail, open and quiet
     window    {from_s, to_s, step_s} in seconds since the start of the run, as all times here
     delivery, connect   [[at_s, number, p50_us, p99_us, max_us], ...]
     streams   [[at_s, connecting, open, reconnecting, failed], ...]
     figures, tester     [[label, text, tone], ...]
     tester_told         whether the tester keeps up, in a sentence
     checks    {told, failed: [{name, summary, noticed_s, offenders}]}
     targets   [{verdict, tone, target, measured, margin, reason}]
     files     [{name, size}]
   streams/evidence?check=NAME answers [{what, facts: [[label, text], ...]}]. */
"use strict";

const EVERY_MS = 1000;
const SELDOM_MS = 4000;
const at = (id) => document.getElementById(id);

function microseconds(value) {
  if (value === null || value === undefined) return "–";
  const digits = (each) => String(Number(each.toPrecision(3)));
  if (value < 999.5) return `${digits(value)} µs`;
  return value < 999500 ? `${digits(value / 1e3)} ms` : `${digits(value / 1e6)} s`;
}

const number = (value) => Number(value.toPrecision(3)).toLocaleString("en");

const charts = {
  delivery: new Chart(at("chart-delivery"), {
    title: "Delivery", names: ["p50", "p99", "max"], say: microseconds, logarithmic: true,
  }),
  rate: new Chart(at("chart-rate"), { title: "Deliveries a second", names: ["rate"], say: number }),
  streams: new Chart(at("chart-streams"), {
    title: "Streams", names: ["open", "connecting", "reconnecting", "failed"], say: number, whole: true,
  }),
  connect: new Chart(at("chart-connect"), {
    title: "Connects", names: ["p50", "p99", "max"], say: microseconds, logarithmic: true,
  }),
};

let paused = false;
let timer = 0;
let asked = 0;
let shownRun = null;
let ended = false;

/* Only what differs is written, so that a screen reader, a selection and an open fold are left alone. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function fill(list, items, key, make) {
  const told = JSON.stringify(items.map(key));
  if (list.dataset.told === told) return;
  list.dataset.told = told;
  list.replaceChildren(...items.map(make));
}

function figures(list, items) {
  fill(list, items, (item) => item[0], ([label]) => {
    const cell = made("div");
    cell.append(made("dt", "", label), made("dd"));
    return cell;
  });
  items.forEach(([, text, tone], index) => {
    const cell = list.children[index];
    cell.className = tone;
    write(cell.lastChild, text);
  });
}

function showCharts(document_) {
  const { from_s: from, to_s: to, step_s: step } = document_.window;
  for (const name in charts) charts[name].gap = step * 1.5;
  const latencies = (rows) => rows.map((row) => [row[0], row[2], row[3], row[4]]);
  charts.delivery.show(latencies(document_.delivery), from, to);
  charts.rate.show(document_.delivery.map((row) => [row[0], row[1] / step]), from, to);
  charts.streams.show(document_.streams.map(([second, connecting, open, ...rest]) => [second, open, connecting, ...rest]), from, to);
  charts.connect.gap = Infinity;
  charts.connect.show(latencies(document_.connect), from, to);
}

function target(row) {
  const line = made("tr", row.tone);
  const measured = made("td", "", row.measured);
  if (row.reason) measured.append(made("small", "", row.reason));
  const expression = made("td");
  expression.append(made("code", "", row.target));
  line.append(made("td", "mark", row.verdict), expression, measured, made("td", "", row.margin));
  return line;
}

function evidence(offender) {
  const item = made("li", "", offender.what);
  const facts = item.appendChild(made("dl"));
  offender.facts.forEach(([label, text]) => {
    const pair = facts.appendChild(made("div"));
    pair.append(made("dt", "", `${label} `), made("dd"));
    pair.lastChild.append(made("code", "", text));
  });
  return item;
}

async function openEvidence(fold) {
  if (!fold.open) return;
  const answer = await fetch(`streams/evidence?check=${encodeURIComponent(fold.dataset.check)}`);
  if (!isJson(answer)) return;
  const found = await answer.json();
  const list = made("ol");
  list.tabIndex = 0;
  list.setAttribute("aria-label", `First offenders of ${fold.dataset.check}`);
  list.append(...found.map(evidence));
  fold.querySelectorAll("ol").forEach((old) => old.remove());
  fold.append(list);
}

function failed(check) {
  const fold = made("details", "fail");
  fold.dataset.check = check.name;
  const summary = fold.appendChild(made("summary"));
  summary.append(made("span", "mark", "✗ "), made("code", "", check.name), made("span", "told"));
  fold.addEventListener("toggle", () => openEvidence(fold).catch(() => trouble("The evidence did not come.")));
  return fold;
}

function showChecks(checks) {
  write(at("checks-told"), checks.told);
  fill(at("checks"), checks.failed, (check) => check.name, failed);
  checks.failed.forEach((check, index) => {
    const fold = at("checks").children[index];
    const when = check.noticed_s === null ? "" : ` (first seen at ${clock(check.noticed_s)})`;
    write(fold.querySelector(".told"), `: ${check.summary}${when}`);
    if (fold.dataset.offenders !== String(check.offenders)) openEvidence(fold).catch(() => {});
    fold.dataset.offenders = check.offenders;
  });
}

function file({ name, size }) {
  const item = made("li");
  const link = item.appendChild(made("a", "", name));
  const page = name.endsWith(".html");
  link.href = `streams/files/${encodeURIComponent(name)}${page ? "" : "?save=1"}`;
  item.append(made("span", "muted", ` ${size}`));
  return item;
}

function show(document_) {
  const { run, verdict } = document_;
  document.body.className = verdict.tone;
  write(at("verdict"), verdict.words);
  document.title = run.id === null ? "Event streams, live" : `${verdict.words} – event streams`;
  write(at("run"), run.words);
  write(at("summary"), verdict.summary);
  if (run.id !== shownRun) at("checks").replaceChildren(), delete at("checks").dataset.told;
  shownRun = run.id;
  ended = run.ended;
  figures(at("figures"), document_.figures);
  showCharts(document_);
  showChecks(document_.checks);
  fill(at("targets"), document_.targets, (row) => row, target);
  figures(at("tester"), document_.tester);
  write(at("tester-told"), document_.tester_told);
  fill(at("files"), document_.files, (each) => each, file);
  at("files-told").hidden = document_.files.length > 0;
}

function trouble(words) {
  const node = at("trouble");
  node.hidden = !words;
  write(node, words);
}

const isJson = (answer) => answer.ok && (answer.headers.get("content-type") || "").includes("json");

async function ask() {
  clearTimeout(timer);
  const mine = ++asked;
  let wait = ended ? SELDOM_MS : EVERY_MS;
  try {
    const window_ = document.querySelector("input[name=window]:checked").value;
    const answer = await fetch(`streams/data?window=${window_}`);
    if (mine !== asked) return;
    if (isJson(answer)) {
      show(await answer.json());
      trouble("");
      write(at("fresh"), paused ? "paused" : "");
    } else {
      wait = SELDOM_MS;
      trouble(answer.redirected ? "Locust asks for a login again: load this page anew." : `Locust answered ${answer.status}.`);
    }
  } catch (error) {
    if (mine !== asked) return;
    wait = SELDOM_MS;
    trouble("Locust does not answer. What stands here is the last that it said.");
  }
  if (!paused && !document.hidden) timer = setTimeout(ask, wait);
}

at("pause").addEventListener("click", () => {
  paused = !paused;
  at("pause").setAttribute("aria-pressed", String(paused));
  write(at("pause"), paused ? "Go on" : "Pause");
  write(at("fresh"), paused ? "paused" : "");
  clearTimeout(timer);
  asked++; // an answer that is still under way would move what has been paused
  if (!paused) ask();
});
document.querySelectorAll("input[name=window]").forEach((input) => input.addEventListener("change", ask));
document.addEventListener("visibilitychange", () => (document.hidden || paused ? clearTimeout(timer) : ask()));
ask();
