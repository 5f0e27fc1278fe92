(function () {
  "use strict";
  var text = document.getElementById("charts").textContent;
  var dark = JSON.parse(document.getElementById("dark").textContent);
  if (window.matchMedia("(prefers-color-scheme: dark)").matches) {
    document.documentElement.classList.add("drawn-dark");
    Object.keys(dark).forEach(function (light) {
      text = text.split('"' + light + '"').join('"' + dark[light] + '"');
    });
  }
  if (window.innerWidth < 700) text = text.replace(/"field":\s*"words_wide"/g, '"field": "words_narrow"');
  var items = JSON.parse(text);
  Bokeh.set_log_level("warn");
  var drawn = {};
  function draw(target) {
    if (!drawn[target] && items[target]) drawn[target] = Bokeh.embed.embed_item(items[target], target);
  }
  // A chart draws as wide as its box, and one that is hidden has no width.
  function drawShown(root) {
    root.querySelectorAll(".chart").forEach(function (chart) {
      if (chart.offsetParent !== null) draw(chart.id);
    });
  }
  drawShown(document);
  document.querySelectorAll("details").forEach(function (folded) {
    folded.addEventListener("toggle", function () { drawShown(folded); });
  });

  function choose(tab) {
    tab.closest("[role=tablist]").querySelectorAll("[role=tab]").forEach(function (each) {
      var chosen = each === tab;
      each.setAttribute("aria-selected", String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      document.getElementById(each.getAttribute("aria-controls")).hidden = !chosen;
    });
    drawShown(document.getElementById(tab.getAttribute("aria-controls")));
  }
  document.querySelectorAll("[role=tab]").forEach(function (tab) {
    tab.addEventListener("click", function () { choose(tab); });
    tab.addEventListener("keydown", function (event) {
      var tabs = Array.from(tab.closest("[role=tablist]").querySelectorAll("[role=tab]"));
      var step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      var next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
      next.focus();
      choose(next);
    });
  });

  // Zoom about the middle; "all" goes back to where the chart began.
  document.querySelectorAll("[data-zoom]").forEach(function (button) {
    button.addEventListener("click", function () {
      drawn[button.dataset.chart].then(function (views) {
        var range = Array.from(views.roots || views)[0].model.x_range;
        range.first = range.first || [range.start, range.end];
        var middle = (range.start + range.end) / 2, half = (range.end - range.start) / 2;
        var move = { in: [0, 0.5], out: [0, 2], left: [-0.5, 1], right: [0.5, 1] }[button.dataset.zoom];
        var to = move && [middle + half * (move[0] - move[1]), middle + half * (move[0] + move[1])];
        to = to || range.first;
        range.setv({ start: to[0], end: to[1] });
      });
    });
  });
  // What is folded on the screen belongs on paper, where the charts are as wide as they were on the screen.
  var PAPER_WIDTH = 680;
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (folded) { folded.open = true; });
    document.querySelectorAll("[role=tabpanel]").forEach(function (panel) { panel.hidden = false; });
    drawShown(document);
    document.querySelectorAll(".chart").forEach(function (chart) {
      chart.style.zoom = Math.min(1, PAPER_WIDTH / chart.offsetWidth);
    });
  });
  window.addEventListener("afterprint", function () {
    document.querySelectorAll(".chart").forEach(function (chart) { chart.style.zoom = ""; });
  });
})();
