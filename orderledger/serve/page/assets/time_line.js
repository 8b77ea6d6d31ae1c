// The time line of an order: the sender's clock above, the time of recording below, a line between the two of each event.
import { html, useLayoutEffect, useRef, useState } from "./ui.js";
import { duration, fullTime, microseconds } from "./format.js";
import { kindOf, sentence } from "./words.js";
import { visible } from "./parts.js";

const HEIGHT = 118;
const LANES = { happened: 40, recorded: 88 };
const EDGE = 14;

export function TimeLine({ events, chosen, onChoose }) {
  const box = useRef(null);
  const [width, setWidth] = useState(800);
  useLayoutEffect(() => {
    const element = box.current;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { place, stops } = scale(events, width);
  return html`<div class="time-line" ref=${box}>
    <svg width=${width} height=${HEIGHT} viewBox=${`0 0 ${width} ${HEIGHT}`} role="img" aria-label=${`Time line of ${events.length} events. The list below says the same.`}>
      <text class="lane" x=${EDGE} y="14">happened, by the sender's clock</text>
      <text class="lane" x=${EDGE} y=${HEIGHT - 4}>recorded here</text>
      ${Object.values(LANES).map((y) => html`<line class="rail" x1=${EDGE} x2=${width - EDGE} y1=${y} y2=${y} />`)}
      ${stops.map(({ x, gap }) => html`<g class="stop"><line x1=${x} x2=${x} y1="24" y2="100" /><text x=${x} y="68">${gap}</text></g>`)}
      ${events.map((event) => html`<g key=${event.position} class=${`point ${kindOf(event)} ${event.position === chosen ? "chosen" : ""}`} onClick=${() => onChoose(event.position)}>
        <title>${visible(sentence(event))}, happened ${fullTime(event.at)}, recorded ${fullTime(event.recorded_at)}</title>
        <line x1=${place(event.at)} y1=${LANES.happened} x2=${place(event.recorded_at)} y2=${LANES.recorded} />
        <circle cx=${place(event.at)} cy=${LANES.happened} r="5" /><rect x=${place(event.recorded_at) - 4} y=${LANES.recorded - 4} width="8" height="8" />
      </g>`)}
    </svg>
  </div>`;
}

/**
 * Places of times. Long silences would leave the rest in one point, so that each step between two times gets a width that grows with
 * the logarithm of its length; steps of more than a fifth of the whole carry their length as text.
 */
function scale(events, width) {
  const times = [...new Set(events.flatMap((event) => [event.at, event.recorded_at]))].filter(Boolean).sort();
  const steps = times.slice(1).map((time, index) => Math.max(0, microseconds(times[index], time)));
  const weights = steps.map((step) => 1 + Math.log10(1 + step / 1000));
  const whole = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  const most = Math.max(...steps, 0);
  const room = Math.max(50, width - 2 * EDGE - 20);
  const places = new Map();
  const stops = [];
  let x = EDGE + 10;
  times.forEach((time, index) => {
    if (index) {
      const wide = (weights[index - 1] / whole) * room;
      if (steps[index - 1] > 1e6 && steps[index - 1] >= most / 20 && wide > 44) stops.push({ x: x + wide / 2, gap: duration(steps[index - 1] / 1e6) });
      x += wide;
    }
    places.set(time, x);
  });
  return { place: (time) => places.get(time) ?? EDGE, stops };
}
