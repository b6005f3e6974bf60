// Plots: line charts over time as one SVG that needs nothing else, for light and dark.

const kColumns = 2;
const kChart = { width: 460, height: 190, left: 52, right: 24, top: 44, bottom: 24 };
const kTicks = 4;

/**
 * @typedef {object} Chart
 * @property {string} title
 * @property {Record<string, string>} lines What each is called, and the sample's key with its values.
 */

const style = `
  .page { fill: #ffffff } text { fill: #24292f; font: 11px system-ui, sans-serif }
  .title { font-weight: 600; font-size: 13px } .axis { fill: #57606a } .grid { stroke: #d0d7de }
  .line { fill: none; stroke-width: 1.6; stroke-linejoin: round }
  .s0 { stroke: #0969da } .s1 { stroke: #bc4c00 } .s2 { stroke: #1a7f37; stroke-dasharray: 5 3 } .s3 { stroke: #8250df }
  .warm { fill: #8c959f; opacity: 0.13 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 } .axis { fill: #9198a1 } .grid { stroke: #30363d }
    .s0 { stroke: #58a6ff } .s1 { stroke: #f0883e } .s2 { stroke: #3fb950 } .s3 { stroke: #bc8cff }
  }`;

/** @param {string} text */
const escaped = (text) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

/** 1, 2 or 5 times a power of ten, so that about so many steps reach `max`. */
function stepFor(max, ticks) {
  const rough = max / ticks;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((n) => n * power >= rough) ?? 10);
}

/** @param {string} title @param {Chart[]} charts @param {any[]} samples With `at` in seconds. */
export function plot(title, charts, samples) {
  const rows = Math.ceil(charts.length / kColumns);
  const [width, height] = [kColumns * kChart.width, rows * kChart.height + 36];
  const drawn = charts.map((chart, i) => {
    const x = (i % kColumns) * kChart.width;
    const y = 36 + Math.floor(i / kColumns) * kChart.height;
    return `<g transform="translate(${x} ${y})">${draw(chart, samples)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>${style}
</style>
<rect class="page" width="${width}" height="${height}"/>
<text class="title" x="12" y="22">${escaped(title)}</text>
${drawn.join("\n")}
</svg>
`;
}

/** @param {Chart} chart @param {any[]} samples */
function draw({ title, lines }, samples) {
  const keys = Object.values(lines);
  const end = Math.max(1, ...samples.map(({ at }) => at));
  const most = Math.max(1, ...samples.flatMap((sample) => keys.map((key) => sample[key] ?? 0)));
  const step = stepFor(most, kTicks);
  const top = Math.ceil(most / step) * step;
  const { left, right, bottom } = kChart;
  const [innerWidth, innerHeight] = [
    kChart.width - left - right,
    kChart.height - kChart.top - bottom,
  ];
  const x = (at) => left + (at / end) * innerWidth;
  const y = (value) => kChart.top + (1 - value / top) * innerHeight;

  const parts = [
    `<text class="title" x="${left}" y="14">${escaped(title)}</text>`,
    `<rect class="warm" x="${left}" y="${kChart.top}" width="${(innerWidth / 5).toFixed(1)}" height="${innerHeight}"/>`,
  ];
  for (let value = 0; value <= top + step / 2; value += step) {
    const at = y(value).toFixed(1);
    parts.push(
      `<line class="grid" x1="${left}" x2="${left + innerWidth}" y1="${at}" y2="${at}"/>`,
      `<text class="axis" x="${left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${Number(value.toFixed(3)).toLocaleString("en")}</text>`,
    );
  }
  const minutes = stepFor(end / 60, 6);
  for (let minute = 0; minute * 60 <= end; minute += minutes)
    parts.push(
      `<text class="axis" x="${x(minute * 60).toFixed(1)}" y="${kChart.height - 8}" text-anchor="middle">${Number(minute.toFixed(2))} min</text>`,
    );
  let legend = left;
  Object.entries(lines).forEach(([name, key], i) => {
    const points = samples
      .filter((sample) => Number.isFinite(sample[key]))
      .map((sample) => `${x(sample.at).toFixed(1)},${y(sample[key]).toFixed(1)}`);
    parts.push(
      `<polyline class="line s${i}" points="${points.join(" ")}"/>`,
      `<line class="line s${i}" x1="${legend}" x2="${legend + 14}" y1="28" y2="28"/>`,
      `<text x="${legend + 18}" y="32">${escaped(name)}</text>`,
    );
    legend += 34 + name.length * 6;
  });
  return parts.join("\n");
}
