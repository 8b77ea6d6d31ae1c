// Time travel: what was known at one moment (as of), and what had happened by another (effective at). The URL holds both.
import { html, signal, useEffect, useState } from "./ui.js";
import { get } from "./api.js";
import { fullTime } from "./format.js";
import { isPast, moments, setParams } from "./router.js";
import { Notice } from "./parts.js";

const STEPS = 1000;

export const showsTimes = signal(isPast.peek());

export function backToNow() {
  setParams({ as_of: null, effective_at: null });
}

export function TimeBar() {
  const [first, setFirst] = useState(null);
  const isShown = showsTimes.value || isPast.value;
  useEffect(() => {
    if (isShown && first === null) begins().then(setFirst, () => setFirst(undefined));
  }, [isShown]);
  if (!isShown) return "";
  const { as_of, effective_at } = moments.value;
  return html`<section id="times" class=${`times ${isPast.value ? "past" : ""}`} aria-label="Time travel">
    <${Moment} name="as_of" label="As of" about="What was known then: by the time of recording." value=${as_of} first=${first} takesPosition=${true} />
    <${Moment} name="effective_at" label="Effective at" about="What had happened by then: by the venue's time." value=${effective_at} first=${first} />
    <div class="then">
      ${isPast.value ? html`<span class="past-text"><span aria-hidden="true">◷</span> ${sentence(as_of, effective_at)}</span>` : html`<span class="about">All pages show the present. Move a slider, or type a time.</span>`}
      <button type="button" onClick=${backToNow} disabled=${!isPast.value} title="Back to now (n)">Back to now</button>
    </div>
  </section>`;
}

/** The time of the first event: where the sliders begin. */
async function begins() {
  const { rows } = await get("/api/events", { limit: 1 });
  return rows[0] ? Date.parse(rows[0].at < rows[0].recorded_at ? rows[0].at : rows[0].recorded_at) : Date.now();
}

function Moment({ name, label, about, value, first, takesPosition }) {
  const [typed, setTyped] = useState(value ?? "");
  const [fault, setFault] = useState(null);
  const [held, setHeld] = useState(null); // The slider's step while it is moved.
  useEffect(() => {
    setHeld(null);
    setTyped(value ?? "");
    setFault(null);
  }, [value]);
  const last = Date.now();
  const isKnown = typeof first === "number";
  const at = Date.parse(/^\d+$/.test(value ?? "") ? NaN : value);
  const place = isKnown && !Number.isNaN(at) ? Math.round(((at - first) / (last - first)) * STEPS) : STEPS;
  const timeAt = (step) => new Date(first + ((last - first) * step) / STEPS).toISOString();

  const slide = (event) => {
    const step = Number(event.target.value);
    setHeld(step);
    setTyped(step >= STEPS ? "" : timeAt(step));
  };
  const settle = (event) => {
    const step = Number(event.target.value);
    setHeld(null);
    setParams({ [name]: step >= STEPS ? null : timeAt(step) });
  };
  const give = (event) => {
    event.preventDefault();
    const moment = momentOf(typed, takesPosition);
    if (moment === undefined) return setFault(`“${typed}” is not a time. Write it like 2026-03-02 09:31:46 (UTC)${takesPosition ? ", or a log position" : ""}.`);
    setFault(null);
    setParams({ [name]: moment });
  };
  const hint = takesPosition ? "now, a time (UTC), or a log position" : "now, or a time (UTC)";
  return html`<form class="moment" onSubmit=${give}>
    <label title=${about}><span>${label}</span><input type="text" name=${name} value=${typed} placeholder=${hint} size="24" autocomplete="off" spellcheck="false"
      aria-invalid=${fault !== null} onInput=${(event) => setTyped(event.target.value)} onBlur=${(event) => typed !== (value ?? "") && give(event)} /></label>
    <input type="range" min="0" max=${STEPS} value=${held ?? place} aria-label=${`${label}: slider`} aria-valuetext=${value ? fullTime(value) : "now"} disabled=${!isKnown} onInput=${slide} onChange=${settle} />
    ${fault && html`<${Notice} error=${{ message: fault }} />`}
  </form>`;
}

/** The text as a moment of the API: a time in UTC unless it says otherwise, a log position, or null for now. Undefined if neither. */
export function momentOf(text, takesPosition = false) {
  const given = text.trim();
  if (given === "" || given.toLowerCase() === "now") return null;
  if (/^\d+$/.test(given)) return takesPosition ? given : undefined;
  const shaped = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?))?(?: ?(?:Z|UTC))?([+-]\d\d:\d\d)?$/.exec(given);
  if (!shaped) return undefined;
  const [, day, clock = "00:00", offset = "Z"] = shaped;
  const moment = `${day}T${clock.length === 5 ? `${clock}:00` : clock}${offset}`;
  return Number.isNaN(Date.parse(moment)) ? undefined : moment;
}

function sentence(asOf, effectiveAt) {
  const known = asOf && (/^\d+$/.test(asOf) ? `what was known at log position ${asOf}` : `what was known at ${fullTime(asOf)}`);
  const happened = effectiveAt && `what had happened by ${fullTime(effectiveAt)}`;
  return `You see ${[known, happened].filter(Boolean).join(", and of that ")}.`;
}
