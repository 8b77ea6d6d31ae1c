// A band of time for one account: what reconciliations cover, the gaps in it, and marks for open breaks.
import { html } from "./ui.js";
import { duration, fullTime, plural, seconds, time, words } from "./format.js";
import { visible } from "./parts.js";

const WIDE = 1000;
const HIGH = 18;

/** `covered` and `gaps`: [from, to, reason?], a missing `to` is now. `marks`: [at, text]. */
export function Band({ account, covered, gaps, marks }) {
  const now = new Date().toISOString();
  const whole = joined(covered);
  const starts = [...whole, ...gaps].map(([from]) => from).concat(marks.map(([at]) => at)).sort();
  const ends = [...whole, ...gaps].map(([, to]) => to ?? now).sort();
  const [first, last] = [starts[0] ?? now, ends.at(-1) ?? now];
  const length = Math.max(1, Date.parse(last) - Date.parse(first));
  const x = (at) => Math.max(0, Math.min(WIDE, ((Date.parse(at ?? now) - Date.parse(first)) / length) * WIDE));
  const part = ([from, to], kind, title) => html`<rect class=${kind} x=${x(from)} width=${Math.max(3, x(to) - x(from))} y="0" height=${HIGH}><title>${title}</title></rect>`;
  const said = [
    whole.length ? `covered from ${whole.map(([from, to]) => `${fullTime(from)} to ${fullTime(to)}`).join(", and from ")}` : "not covered",
    gaps.length ? plural(gaps.length, "gap") : "no gap", marks.length ? plural(marks.length, "open break") : "no open break",
  ].join("; ");
  return html`<div class="band"><span class="id" title=${visible(account)}>${visible(account)}</span>
    <div><svg viewBox=${`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="img" aria-label=${`${visible(account)}: ${said}`}>
      <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3" height="6" class="hatch" /></pattern></defs>
      <rect class="none" width=${WIDE} height=${HIGH} />
      ${whole.map((span) => part(span, "covered", `Covered from ${fullTime(span[0])} to ${fullTime(span[1])}`))}
      ${gaps.map((gap) => part(gap, "gap", `Gap of ${duration(seconds(gap[0], gap[1] ?? now))}${gap[1] ? "" : ", not covered yet"}: ${words(gap[2] ?? "")}`))}
      ${marks.map(([at, text]) => html`<rect class="mark" x=${Math.min(WIDE - 4, x(at))} width="4" y="0" height=${HIGH}><title>${visible(text)}</title></rect>`)}
    </svg><p class="ends"><span>${time(first)}</span><span>${gaps.length ? html`<span class="gap-text">▨ ${plural(gaps.length, "gap")}</span>` : ""}</span><span>${time(last)}</span></p></div></div>`;
}

/** Spans that touch or overlap, as one. */
function joined(spans) {
  const rows = [];
  for (const [from, to] of [...spans].sort(([a], [b]) => a.localeCompare(b))) {
    const before = rows.at(-1);
    if (before && from <= before[1]) before[1] = to > before[1] ? to : before[1];
    else rows.push([from, to]);
  }
  return rows;
}
