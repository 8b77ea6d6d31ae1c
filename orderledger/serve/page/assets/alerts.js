// Alerts on the page of health: what each is about and where it leads. They follow no moment of time travel.
import { html } from "./ui.js";
import { get } from "./api.js";
import { status } from "./live.js";
import { isPast, link, orderLink } from "./router.js";
import { useData } from "./use.js";
import { ShortTable } from "./grid.js";
import { Age, Badge, Loaded, Section, Time, visible } from "./parts.js";
import { plural } from "./format.js";

const MOST = 500;
const CLEARED = 20;
const SIGNS = { critical: ["bad", "⚠"], warning: ["wait", "⚠"], info: ["quiet", "ℹ"] };

/** Loaded again when an alert is raised or cleared: the stream tells their numbers. */
export function Alerts() {
  const { open, last } = status.value.alerts ?? {};
  const found = useData(load, [open, last], 5000);
  return html`<${Section} id="alerts" title="Alerts" about=${isPast.value ? "What is open now, not then" : "The gravest first. A rule raises one alert for each subject, until it is cleared."}>
    <${Loaded} found=${found}>${(alerts) => html`<${Lists} ...${alerts} />`}</${Loaded}></${Section}>`;
}

async function load(abort) {
  const [open, newest] = await Promise.all([
    get("/api/alerts", { open: true, limit: MOST, count: true }, abort),
    get("/api/alerts", { order: "newest", limit: 2 * CLEARED }, abort),
  ]);
  return { open: open.rows, count: open.count, cleared: newest.rows.filter((row) => row.cleared_at).slice(0, CLEARED) };
}

function Lists({ open, count, cleared }) {
  const { is_watched: isWatched } = status.value.alerts ?? {};
  return html`<p class="actions">${count > 0 && html`<${Badge} tone="bad" sign="⚠">${plural(count, "alert")} open</${Badge}>`}
      ${!count && isWatched && html`<${Badge} tone="good" sign="✓">No alert is open</${Badge}>`}<${Watched} /></p>
    ${open.length > 0 && html`<${ShortTable} label="Open alerts" columns=${OPEN} rows=${open} keyOf=${(row) => row.id} />`}
    ${count > open.length && html`<p class="about">These are the gravest ${open.length.toLocaleString("en")}.</p>`}
    ${cleared.length > 0 && html`<details class="cleared"><summary>Cleared lately: ${cleared.length}</summary><${ShortTable} label="Cleared alerts" columns=${DONE} rows=${cleared} keyOf=${(row) => row.id} /></details>`}`;
}

/** Who has looked. Without a watcher that runs, no alert says nothing. */
function Watched() {
  const { is_watched: isWatched, looked_at: at } = status.value.alerts ?? {};
  if (isWatched === undefined) return "";
  if (isWatched) return html` <span class="about">A watcher looked <${Age} since=${at} /> ago.</span>`;
  return html` <${Badge} tone="doubt" sign="?">Nobody is watching</${Badge}> <span class="about">${at ? html`The last look was <${Age} since=${at} /> ago.` : "No watcher has looked yet."} Start orderledger watch, or serve with --alerts.</span>`;
}

const [RULE, CAUSE, TEXT] = [
  { title: "Rule", cell: (row) => html`<${Badge} tone=${(SIGNS[row.severity] ?? SIGNS.info)[0]} sign=${(SIGNS[row.severity] ?? SIGNS.info)[1]}>${visible(row.severity)}</${Badge}> ${visible(row.rule)}` },
  { title: "Caused by", cell: (row) => html`<${Cause} row=${row} />` },
  { title: "What", cell: (row) => html`<span class="wrap">${visible(row.text)}</span>` },
];
const RAISED = { title: "Raised", cell: (row) => html`<${Time} at=${row.raised_at} />` };
const OPEN = [
  RULE, TEXT, CAUSE, RAISED,
  { title: "For", align: "end", wide: true, cell: (row) => html`<${Age} since=${row.raised_at} />` },
  { title: "Not delivered yet", wide: true, cell: (row) => row.waiting.length > 0 && html`<span title=${visible(row.fault)}>${row.waiting.map(visible).join(", ")}</span>` },
];
const DONE = [RULE, TEXT, CAUSE, { ...RAISED, wide: true }, { title: "Cleared", cell: (row) => html`<${Time} at=${row.cleared_at} />` }];

/** The order or the account that it is about, and the same as it was known at the log position that caused the alert. */
function Cause({ row }) {
  const [text, place] = target(row);
  const then = `${place}${place.includes("?") ? "&" : "?"}as_of=${row.position}`;
  return html`<a class="id" href=${place}>${visible(text)}</a> <a class="number" href=${then} title=${`As it was known at log position ${row.position}`}>#${row.position.toLocaleString("en")}</a>`;
}

/** What it leads to: text and address. An address of the present, whatever moment is shown. */
function target(row) {
  const now = { as_of: null, effective_at: null };
  const { client_order_id, venue_order_id } = row.details;
  const order = { account: row.account, client_order_id, venue_order_id };
  if (row.account && orderLink(order)) return [client_order_id ?? venue_order_id, link("order", [row.account, client_order_id ?? venue_order_id], now)];
  if (!row.account || row.account === "*") return ["every account", link("accounts", [], now)];
  return [row.account, link(row.page, [], { ...now, account: row.account })];
}
