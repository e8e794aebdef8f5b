// Draws the figures that the page carries, in the colours of its style; charts over one time axis zoom together.
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const root = document.documentElement;
  const config = {
    displaylogo: false,
    responsive: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    // Plotly's own default is a button that uploads the chart.
    showSendToCloud: false,
    plotlyServerURL: "",
  };
  const drawn = () => Object.keys(figures).map((id) => document.getElementById(id));

  const paint = (value, style) => {
    if (typeof value === "string") return value.startsWith("--") ? style.getPropertyValue(value).trim() : value;
    if (Array.isArray(value)) return value.map((item) => paint(item, style));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, paint(item, style)]));
    return value;
  };

  const draw = () => {
    const style = getComputedStyle(root);
    for (const [id, figure] of Object.entries(figures)) {
      const painted = paint(figure, style);
      Plotly.react(document.getElementById(id), painted.data, { ...painted.layout, uirevision: 1 }, config);
    }
  };

  draw();

  const timed = drawn().filter((chart) => "timed" in chart.dataset);
  let following = false;
  for (const chart of timed)
    chart.on("plotly_relayout", (change) => {
      if (following) return;
      const range = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      const same = change["xaxis.autorange"] ? { "xaxis.autorange": true } : range[0] === undefined ? null : { "xaxis.range": range };
      if (!same) return;
      following = true;
      Promise.all(timed.filter((other) => other !== chart).map((other) => Plotly.relayout(other, same))).finally(() => {
        following = false;
      });
    });

  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw);
  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    draw();
  });
})();
