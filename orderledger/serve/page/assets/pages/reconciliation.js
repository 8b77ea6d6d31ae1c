// Reconciliation: what the venue says beside what we know, how each order was matched, the breaks, and what time is covered.
import { html } from "../ui.js";
import { all, get, query } from "../api.js";
import { isPast, link, moments, route } from "../router.js";
import { useData } from "../use.js";
import { ListGrid, ShortTable } from "../grid.js";
import { Age, Badge, Choice, Id, Loaded, OrderId, Section, Status, Time, visible, visibleLines } from "../parts.js";
import { json, number, plural, words } from "../format.js";
import { sourceOf } from "../words.js";
import { Band } from "../band.js";
import { ReconcileNow } from "./reconcile_now.js";

const VENUES = ["venue_push", "venue_poll", "reconciliation"];
const SHOWN = 2000;

export function Reconciliation() {
  const { account, show } = route.value.params;
  const found = useData((abort) => load(account, show, abort), [account, show], 3000);
  return html`<h1>Reconciliation</h1>
    <${ReconcileNow} account=${account} />
    <${Loaded} found=${found}>${(data) => html`<${Filters} accounts=${data.accounts} account=${account} show=${show} /><${Found} ...${data} show=${show} />`}</${Loaded}>`;
}

/** The server decides over all orders which differ: the rows here are only the newest of those. */
async function load(account, show, abort) {
  const [certificates, gaps, totals, orders] = await Promise.all([
    query("/api/certificates", { account, order: "newest", limit: 5000 }, abort),
    all("/api/account-events", { account, kind: "gap" }, { abort }),
    all("/api/reconciliation", {}, { abort }),
    query("/api/reconciliation/orders", { account, agreement: show, limit: SHOWN, count: true }, abort),
  ]);
  const accounts = totals.rows.map((row) => row.account);
  const shown = totals.rows.filter((row) => !account || row.account === account);
  return { certificates: certificates.rows, gaps: gaps.rows, breaks: shown.flatMap(openBreaks), totals: shown, orders: orders.rows, count: orders.count, accounts };
}

/** The breaks that the last certificate of an account left open. */
const openBreaks = (row) => (row.open_breaks ?? []).map((one) => ({ ...one, account: row.account, compared_at: row.reconciled_at }));

/** The newest events that say what a venue said, newest first. */
async function reports(account, abort) {
  const { as_of, effective_at } = moments.value;
  const isPosition = /^\d+$/.test(as_of ?? "");
  const given = { account, order: "newest", limit: 1000, recorded_until: isPosition ? null : as_of, until: effective_at };
  const found = await Promise.all(VENUES.map((source) => get("/api/events", { ...given, source }, abort)));
  const rows = found.flatMap((one) => one.rows).filter((row) => !isPosition || row.position <= Number(as_of));
  return rows.sort((a, b) => b.position - a.position);
}

function Filters({ accounts, account, show }) {
  return html`<form class="filters" role="search" aria-label="Filter" onSubmit=${(event) => event.preventDefault()}>
    <${Choice} name="account" label="Account" value=${account} options=${[["", "all"], ...accounts.map((name) => [name, visible(name)])]} />
    <${Choice} name="show" label="Orders" value=${show} options=${[["", "all"], ["differs", "that differ"], ["unmatched", "the venue never reported"], ["agrees", "that agree"]]} />
  </form>`;
}

function Found({ certificates, gaps, breaks, totals, orders, count }) {
  return html`
    <${Section} id="coverage" title="Coverage" about="Time for which every fill was asked for. A hatched part is a gap in a feed; a mark is an open break."><${Coverage} certificates=${certificates} gaps=${gaps} breaks=${breaks} /></${Section}>
    <${Section} id="breaks" title="Open breaks" about=${`${plural(breaks.length, "difference")} between the venue and the ledger, not settled yet`}><${Breaks} rows=${breaks} totals=${totals} /></${Section}>
    <${Section} id="matches" title="The venue’s orders beside ours" about="The newest report of the venue about each order. All orders are compared, not only those shown.">
      <${Verdict} totals=${totals} />
      <${ListGrid} id="match-rows" label="The venue’s orders beside ours" rows=${orders} columns=${MATCHES} keyOf=${(row) => row.stream} empty="No order to compare."
        rowClass=${(row) => (row.agreement === "differs" ? "in-doubt" : "")} onOpen=${(row) => row && (location.hash = link("order", [row.account, row.client_order_id ?? row.venue_order_id]))} />
      ${count > orders.length && html`<p class="empty">These are the newest ${orders.length.toLocaleString("en")} of ${count.toLocaleString("en")}. Choose an account, or the orders that differ.</p>`}
    </${Section}>
    <${Section} id="certificates" title="Certificates" about="The result of each comparison, newest first"><${ShortTable} label="Certificates" columns=${CERTIFICATES} rows=${certificates.slice(0, 200)} keyOf=${(row) => row.position} empty="No account was reconciled so far. Run orderledger reconcile." /></${Section}>`;
}

const added = (rows, name) => rows.reduce((sum, row) => sum + row[name], 0);

/** How many orders differ. None is said only where somebody looked. */
function Verdict({ totals }) {
  const [differing, unmatched, orders] = [added(totals, "differing_orders"), added(totals, "unmatched_orders"), added(totals, "orders")];
  const isLookedAt = totals.length > 0 && totals.every((row) => row.reconciled_at);
  return html`<p class="actions" role="status" aria-label="Agreement">
    ${differing > 0 && html`<${Badge} tone="doubt" sign="≠">${plural(differing, "order differs", "orders differ")}</${Badge}>`}
    ${!differing && isLookedAt && html`<${Badge} tone="good" sign="✓">No order differs</${Badge}>`}
    <${Looked} totals=${totals} />
    <span class="about">${plural(orders, "order")} compared${unmatched > 0 ? `; the venue never reported ${unmatched.toLocaleString("en")} of them` : ""}.</span></p>`;
}

/** When the accounts were last reconciled, of several the one that waits longest; or that nobody has looked. */
function Looked({ totals }) {
  const never = totals.filter((row) => !row.reconciled_at);
  if (!totals.length || never.length === totals.length) return html`<${Badge} tone="doubt" sign="?">Nobody has looked</${Badge}>`;
  if (never.length) return html`<${Badge} tone="doubt" sign="?">Nobody has looked at ${never.length === 1 ? visible(never[0].account) : `${never.length} of ${totals.length} accounts`}</${Badge}>`;
  const at = totals.map((row) => row.reconciled_at).sort()[0];
  return html`<span class="about">Reconciled ${isPast.value ? html`<${Time} at=${at} />` : html`<${Age} since=${at} /> ago`}.</span>`;
}

/** How the newest report found its order. */
const MATCHED = {
  client_order_id: "client order id", other_id: "another id of it,", venue_order_id: "venue order id", alias: "alias",
  late_id: "an id that became known later,", stream: "its own stream",
};
const foundBy = (row) => [MATCHED[row.matched_by], row.matched_id].filter(Boolean).join(" ");

const MATCHES = [
  { title: "Our order", width: 110, cell: (row) => html`<${OrderId} row=${row} />` },
  { title: "Venue’s order", width: 100, cell: (row) => html`<span class="id">${visible(row.venue_order_id ?? "not known")}</span>` },
  { title: "Matched by", width: 160, grow: 210, wide: true, cell: (row) => (row.matched_by ? visible(foundBy(row)) : html`<${Badge} tone="doubt" sign="?">the venue never reported it</${Badge}>`) },
  { title: "Ours", width: 150, grow: 190, cell: (row) => html`<${Status} row=${row} /> <span class="number">${number(row.cum_quantity)}</span>` },
  { title: "The venue’s", width: 156, cell: (row) => (row.reported_status || row.reported_cum_quantity != null ? html`${words(row.reported_status ?? "")} <span class="number">${number(row.reported_cum_quantity)}</span>` : html`<span class="unknown">no claim</span>`) },
  { title: "Agree", width: 86, cell: (row) => html`<${Agreement} row=${row} />` },
  { title: "Source", width: 120, wide: true, cell: (row) => row.reported_at && sourceOf({ source: row.reported_source }) },
  { title: "At", width: 156, grow: 140, wide: true, cell: (row) => html`<${Time} at=${row.reported_at} />` },
  { title: "Account", width: 100, wide: true, cell: (row) => visible(row.account) },
];

function Agreement({ row }) {
  if (row.agreement === "differs") return html`<${Badge} tone="doubt" sign="≠" title=${row.differences.map(words).join(", ")}>differ</${Badge}>`;
  return row.agreement === "agrees" ? html`<${Badge} tone="good" sign="=">agree</${Badge}>` : "";
}

function Breaks({ rows, totals }) {
  const isLookedAt = totals.length > 0 && totals.every((row) => row.reconciled_at);
  if (!rows.length) return html`<p class="empty">${isLookedAt && html`<span aria-hidden="true">✓</span> No break is open. `}<${Looked} totals=${totals} /></p>`;
  return html`<ul class="breaks">${rows.map((row) => html`<${Break} key=${`${row.account} ${row.id}`} row=${row} />`)}</ul>`;
}

/** A break's id is its kind, and what differs: an id of the order or the fill, or the instrument. */
function Break({ row }) {
  const [kind, subject = ""] = row.id.split(/:(.*)/s);
  const evidence = useData((abort) => reportsAbout(row.account, subject, abort), [row.account, subject], 10_000);
  return html`<li class="break"><details>
    <summary><${Badge} tone="bad" sign="≠">${words(kind)}</${Badge}> <${Id}>${row.id}</${Id}> <span class="about">${visible(row.account)}, open for <${Age} since=${row.since} /></span></summary>
    <p>Known since <${Time} at=${row.since} />; the comparison of <${Time} at=${row.compared_at} /> could not settle it.
      ${subject && html` <a href=${link("orders", [], { account: row.account, search: subject })}>Orders with the id ${visible(subject)}</a>`}</p>
    <${Loaded} found=${evidence}>${(events) => (events.length ? html`<pre tabindex="0">${visibleLines(json(events))}</pre>` : html`<p class="empty">No report of the venue names it.</p>`)}</${Loaded}>
  </details></li>`;
}

/** What the venue last said of the subject of a break: the payloads as it sent them, or what was read from them. */
async function reportsAbout(account, subject, abort) {
  const events = await reports(account, abort);
  const about = events.filter((event) => Object.values(event.payload ?? {}).includes(subject)).slice(0, 5);
  return about.map((event) => ({ position: event.position, at: event.at, event: event.name, evidence: event.evidence ?? event.payload }));
}

const CERTIFICATES = [
  { title: "Compared", cell: (row) => html`<${Time} at=${row.at} />` },
  { title: "Account", cell: (row) => visible(row.account) },
  { title: "Covers from", cell: (row) => html`<${Time} at=${row.covered_from} />` },
  { title: "to", cell: (row) => html`<${Time} at=${row.covered_to} />` },
  { title: "Open orders", align: "end", cell: (row) => row.orders },
  { title: "Fills", align: "end", cell: (row) => row.fills },
  { title: "Positions", align: "end", cell: (row) => row.positions },
  { title: "Balances closed", align: "end", cell: (row) => (row.balances ? `${row.balances.filter((one) => one.state === "closes").length} of ${row.balances.length}` : "not compared") },
  { title: "Open breaks", align: "end", cell: (row) => (row.open_breaks.length ? html`<${Badge} tone="bad" sign="≠">${row.open_breaks.length}</${Badge}>` : html`<${Badge} tone="good" sign="✓">none</${Badge}>`) },
];

const BANDS = 40;

function Coverage({ certificates, gaps, breaks }) {
  const accounts = [...new Set([...certificates, ...gaps, ...breaks].map((row) => row.account))].sort();
  if (!accounts.length) return html`<p class="empty">No account was reconciled, and no feed had a gap.</p>`;
  const of = (rows, account) => rows.filter((row) => row.account === account);
  return html`${accounts.slice(0, BANDS).map((account) => html`<${Band} key=${account} account=${account} covered=${of(certificates, account).map((row) => [row.covered_from, row.covered_to])}
      gaps=${of(gaps, account).map((row) => [row.from_at, row.to_at, row.reason])} marks=${of(breaks, account).map((row) => [row.since, String(row.id)])} />`)}
    ${accounts.length > BANDS && html`<p class="empty">${accounts.length - BANDS} more accounts: choose one above.</p>`}`;
}
