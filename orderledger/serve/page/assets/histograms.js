// Histograms of how long the steps of orders took: bars whose widths are powers of ten, and the numbers in a table behind each.
import { html } from "./ui.js";
import { duration, plural, words } from "./format.js";

const HEIGHT = 60;
const BAR = 8;

/** `rows`: of /api/latency. One chart for each step and clock, of all accounts together. */
export function Histograms({ rows }) {
  const charts = merged(rows.flatMap((row) => row.steps));
  if (!charts.length) return "";
  return html`<h3>Histograms, all accounts together</h3>
    <div class="histograms">${charts.map((chart) => html`<${Chart} key=${`${chart.step} ${chart.clock}`} ...${chart} />`)}</div>`;
}

/** Buckets with one bound are added up: counts are whole numbers. */
function merged(steps) {
  const charts = new Map();
  for (const { step, clock, buckets } of steps) {
    const name = `${step} ${clock}`;
    const chart = charts.get(name) ?? { step, clock, counts: new Map() };
    for (const { up_to_us, count } of buckets) chart.counts.set(up_to_us ?? Infinity, (chart.counts.get(up_to_us ?? Infinity) ?? 0) + count);
    charts.set(name, chart);
  }
  return [...charts.values()];
}

/** The bounds 1, 2, 5, 10, … from the first to the last bucket that is not empty: empty ones between them are shown, too. */
function bounds(counts) {
  const known = [...counts.keys()].sort((a, b) => a - b);
  const all = Array.from({ length: 27 }, (_, index) => [1, 2, 5][index % 3] * 10 ** Math.floor(index / 3));
  return [...all, Infinity].filter((bound) => bound >= known[0] && bound <= known.at(-1));
}

const until = (bound) => (bound === Infinity ? "longer" : duration(bound / 1e6));

function Chart({ step, clock, counts }) {
  const bars = bounds(counts).map((bound) => ({ bound, count: counts.get(bound) ?? 0 }));
  const most = Math.max(...bars.map(({ count }) => count));
  const total = bars.reduce((sum, { count }) => sum + count, 0);
  const top = bars.find(({ count }) => count === most);
  const name = `${words(step)}, ${clock === "ours" ? "our clock" : "the venue’s clock"}`;
  const label = `${name}: ${plural(total, "order")}, most of them up to ${until(top.bound)}`;
  return html`<figure class="histogram"><figcaption>${name} <span class="about">${plural(total, "order")}</span></figcaption>
    <svg viewBox=${`0 0 ${bars.length * BAR} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${label}>
      ${bars.map(({ bound, count }, index) => html`<rect x=${index * BAR + 0.5} width=${BAR - 1} y=${HEIGHT - tall(count, most)} height=${tall(count, most)}><title>${`up to ${until(bound)}: ${plural(count, "order")}`}</title></rect>`)}
    </svg>
    <p class="ends"><span>${until(bars[0].bound)}</span><span>${until(bars.at(-1).bound)}</span></p>
    <details><summary>Numbers</summary><table aria-label=${name}><thead><tr><th scope="col">Up to</th><th scope="col" class="end">Orders</th><th scope="col" class="end">Share</th></tr></thead>
      <tbody>${bars.map(({ bound, count }) => html`<tr key=${bound}><th scope="row">${until(bound)}</th><td class="end">${count.toLocaleString("en")}</td><td class="end">${((100 * count) / total).toFixed(1)}%</td></tr>`)}</tbody></table></details>
  </figure>`;
}

/** At least a pixel for a single order among a million. */
const tall = (count, most) => (count ? Math.max(1, (HEIGHT * count) / most) : 0);
