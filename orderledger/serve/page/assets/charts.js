// Line charts with uPlot. The only place where decimals become floats: for drawing.
import uPlot from "./vendor/uplot.js";
import { html, useEffect, useRef } from "./ui.js";
import { theme } from "./theme.js";

/** More points than these are drawn as a line alone. */
const DOTS = 200;

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** `points`: {x: seconds, ys: [number|null, …]}; `series`: {label, tone, fill?}. `onPoint(index)`: a click or Enter on a point; `onAt(index)`: the point under the pointer, or reached by keys. */
export function LineChart({ label, points, series, height = 190, onPoint, onAt }) {
  const box = useRef(null);
  const at = useRef(null);
  const drawn = useRef(points);
  const told = useRef({});
  told.current = { onPoint, onAt };
  useEffect(() => {
    const element = box.current;
    const width = () => Math.max(200, element.clientWidth);
    const reach = (index) => {
      at.current = index;
      told.current.onAt?.(index);
    };
    // The same moment as before, where the points are others now.
    const moment = at.current === null ? null : drawn.current[at.current]?.x;
    const again = moment === null ? -1 : points.findIndex(({ x }) => x === moment);
    at.current = again < 0 ? null : again;
    drawn.current = points;
    const chart = new uPlot(options({ series, height, width: width(), hasDots: points.length <= DOTS, onAt: reach }), data(points, series), box.current);
    const observer = new ResizeObserver(() => chart.setSize({ width: width(), height }));
    observer.observe(box.current);
    chart.over.addEventListener("click", () => at.current !== null && told.current.onPoint?.(at.current));
    box.current.move = (step) => {
      const index = Math.max(0, Math.min(points.length - 1, (at.current ?? (step > 0 ? -1 : points.length)) + step));
      chart.setCursor({ left: chart.valToPos(points[index].x, "x"), top: height / 2 }, false); // its hook would tell the first of several points of one moment
      reach(index);
    };
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [points, theme.value, series.length]);

  const onKeyDown = (event) => {
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      event.preventDefault();
      box.current.move(event.key === "ArrowRight" ? 1 : -1);
    } else if (event.key === "Enter" && at.current !== null) onPoint?.(at.current);
  };
  return html`<div class="chart" ref=${box} tabindex="0" role="group" aria-label=${`${label}. Left and right move along it, Enter leads to the fill of a point.`} onKeyDown=${onKeyDown}></div>`;
}

const data = (points, series) => [points.map(({ x }) => x), ...series.map((_, index) => points.map(({ ys }) => ys[index]))];

/** Times of the axis in UTC: days, or times of day where all are of two days. */
function dates(splits) {
  const span = splits.at(-1) - splits[0];
  const [from, to] = span > 172_800 ? [0, 10] : span > 600 ? [11, 16] : [11, 19];
  return splits.map((seconds) => new Date(seconds * 1000).toISOString().slice(from, to));
}

function options({ series, height, width, hasDots, onAt }) {
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 }, font: "11px system-ui, sans-serif" };
  return {
    width, height, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: { points: { size: 8 }, drag: { x: true, y: false } },
    legend: { live: true },
    axes: [{ ...axis, space: 80, values: (_, splits) => dates(splits) }, { ...axis, size: (_, values) => Math.max(50, 16 + 7 * Math.max(0, ...(values ?? []).map((text) => String(text).length))) }],
    series: [{ value: (_, seconds) => (seconds == null ? "–" : new Date(seconds * 1000).toISOString().replace("T", " ").slice(0, 19)) },
      ...series.map(({ label, tone, fill }) => ({
        label, stroke: color(tone), width: 1.5, fill: fill ? `${color(tone)}22` : undefined, points: { show: hasDots, size: 5 }, paths: uPlot.paths.stepped({ align: 1 }),
        value: (_, number) => (number == null ? "–" : number.toLocaleString("en", { maximumFractionDigits: 2 })),
      }))],
    hooks: { setCursor: [(chart) => chart.cursor.idx != null && onAt(chart.cursor.idx)] },
  };
}
