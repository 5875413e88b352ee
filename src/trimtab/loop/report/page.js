"use strict";
// Pictures: colours are CSS variables, so switching theme or printing needs no redraw.
const style = {
  background: "transparent",
  font: getComputedStyle(document.body).fontFamily, // measured and drawn alike
  view: { stroke: null },
  axis: {
    domainColor: "var(--line)", gridColor: "var(--line)", tickColor: "var(--line)", gridOpacity: 0.7,
    labelColor: "var(--muted)", titleColor: "var(--muted)", titleFontWeight: "normal",
    labelFontSize: 12, titleFontSize: 12, titlePadding: 10,
  },
  axisYBand: { labelPadding: 6 }, // names do not touch their bars
  legend: { labelColor: "var(--ink)", labelFontSize: 12, symbolStrokeWidth: 2 },
};
const quiet = { renderer: "svg", actions: false, ast: true, config: style, tooltip: { theme: "custom" } };
Promise.all(
  [...document.querySelectorAll("script[data-picture]")].map((source) =>
    vegaEmbed(document.getElementById(source.dataset.picture), JSON.parse(source.textContent), quiet)
  )
).then(
  () => { document.documentElement.dataset.pictures = "drawn"; },
  (failure) => { document.documentElement.dataset.pictures = `failed: ${failure}`; }
);

// Dropped rows: show those that hold what was typed.
for (const field of document.querySelectorAll("input[data-filter]")) {
  const rows = [...document.getElementById(field.dataset.filter).tBodies[0].rows];
  const words = rows.map((row) => row.textContent.toLowerCase());
  const found = field.parentElement.querySelector("output");
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    let left = 0;
    rows.forEach((row, at) => { left += !(row.hidden = !words[at].includes(wanted)); });
    found.textContent = wanted ? `${left} of ${rows.length}` : "";
  });
}

// Paper folds nothing.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((part) => { part.open = true; });
});
addEventListener("afterprint", () => folded.forEach((part) => { part.open = false; }));
