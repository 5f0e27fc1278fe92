(function () {
  "use strict";
  var text = document.getElementById("charts").textContent;
  var dark = JSON.parse(document.getElementById("dark").textContent);
  if (window.matchMedia("(prefers-color-scheme: dark)").matches) {
    Object.keys(dark).forEach(function (light) {
      text = text.split('"' + light + '"').join('"' + dark[light] + '"');
    });
  }
  var items = JSON.parse(text);
  Bokeh.set_log_level("warn");
  Object.keys(items).forEach(function (target) {
    Bokeh.embed.embed_item(items[target], target);
  });
  // What is folded on the screen belongs on paper, where the charts are as wide as they were on the screen.
  var PAPER_WIDTH = 680;
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (folded) { folded.open = true; });
    document.querySelectorAll(".chart").forEach(function (chart) {
      chart.style.zoom = Math.min(1, PAPER_WIDTH / chart.offsetWidth);
    });
  });
  window.addEventListener("afterprint", function () {
    document.querySelectorAll(".chart").forEach(function (chart) { chart.style.zoom = ""; });
  });
})();
