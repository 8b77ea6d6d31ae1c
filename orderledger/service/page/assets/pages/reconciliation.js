// Reconciliation: what the venue says beside what we know, how each order was matched, the breaks, and what time is covered.
import { html } from "../ui.js";
import { all, get, query } from "../api.js";
import { link, moments, route } from "../router.js";
import { useData } from "../use.js";
import { ListGrid, ShortTable } from "../grid.js";
import { Age, Badge, Choice, Id, Loaded, OrderId, Section, Status, Time, visible, visibleLines } from "../parts.js";
import { json, number, plural, words } from "../format.js";
import { eventName, sourceOf } from "../words.js";
import { Band } from "../band.js";
import { ReconcileNow } from "./reconcile_now.js";

const VENUES = ["venue_push", "venue_poll", "reconciliation"];
const ORDER = "stream,version,account,client_order_id,venue_order_id,venue_order_ids,aliases,instrument,status,pending,certainty,cum_quantity,quantity,origin,is_open,links";

export function Reconciliation() {
  const { account, show } = route.value.params;
  const found = useData((abort) => load(account, abort), [account], 3000);
  return html`<h1>Reconciliation</h1>
    <${ReconcileNow} account=${account} />
    <${Loaded} found=${found}>${(data) => html`<${Filters} accounts=${data.accounts} account=${account} show=${show} /><${Found} ...${data} show=${show} />`}</${Loaded}>`;
}

async function load(account, abort) {
  const [certificates, gaps, events, orders, accounts] = await Promise.all([
    all("/api/certificates", { account }, { abort }),
    all("/api/account-events", { account, kind: "gap" }, { abort }),
    reports(account, abort),
    query("/api/orders", { account, order: "newest", limit: 2000, columns: ORDER }, abort),
    get("/api/accounts", { limit: 5000, columns: "account" }, abort),
  ]);
  return { certificates: certificates.rows, gaps: gaps.rows, breaks: openBreaks(certificates.rows), matches: matched(orders.rows, events), accounts: accounts.rows.map((row) => row.account) };
}

/** The breaks that the last certificate of each account left open. */
function openBreaks(certificates) {
  const last = new Map(certificates.map((row) => [row.account, row]));
  return [...last.values()].flatMap((row) => row.open_breaks.map((one) => ({ ...one, account: row.account, certificate: row })));
}

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
    <${Choice} name="show" label="Orders" value=${show} options=${[["", "all"], ["differ", "that differ"], ["open", "open"], ["unmatched", "the venue never spoke of"]]} />
  </form>`;
}

function Found({ certificates, gaps, breaks, matches, show }) {
  const shown = matches.filter((row) => !show || (show === "differ" && row.differs) || (show === "open" && row.order.is_open) || (show === "unmatched" && !row.event));
  const differ = matches.filter((row) => row.differs).length;
  return html`
    <${Section} id="coverage" title="Coverage" about="Time for which every fill was asked for. A hatched part is a gap in a feed; a mark is an open break."><${Coverage} certificates=${certificates} gaps=${gaps} breaks=${breaks} /></${Section}>
    <${Section} id="breaks" title="Open breaks" about=${`${plural(breaks.length, "difference")} between the venue and the ledger, not settled yet`}><${Breaks} rows=${breaks} /></${Section}>
    <${Section} id="matches" title="The venue’s orders beside ours" about=${differ ? `${plural(differ, "order differs", "orders differ")} of ${matches.length}` : `${plural(matches.length, "order")}, none differs`}>
      <${ListGrid} id="match-rows" label="The venue’s orders beside ours" rows=${shown} columns=${MATCHES} keyOf=${(row) => row.order.stream} empty="No order to compare."
        rowClass=${(row) => (row.differs ? "in-doubt" : "")} onOpen=${(row) => row && (location.hash = link("order", [row.order.account, row.order.client_order_id ?? row.order.venue_order_id]))} />
    </${Section}>
    <${Section} id="certificates" title="Certificates" about="The result of each comparison, newest first"><${ShortTable} label="Certificates" columns=${CERTIFICATES} rows=${[...certificates].reverse().slice(0, 200)} keyOf=${(row) => row.position} empty="No account was reconciled so far. Run orderledger reconcile." /></${Section}>`;
}

/** Each order with the newest report of the venue about it, and the id by which the report found it. */
function matched(orders, events) {
  const newest = new Map();
  const claims = new Map();
  for (const event of events) {
    if (!newest.has(event.stream)) newest.set(event.stream, event);
    if (!claims.has(event.stream) && event.payload?.reported) claims.set(event.stream, event.payload.reported);
  }
  return orders.map((order) => {
    const [event, reported] = [newest.get(order.stream), claims.get(order.stream)];
    return { order, event, reported, by: event ? foundBy(order, event) : null, differs: differs(order, event, reported) };
  });
}

function foundBy(order, event) {
  const told = event.payload ?? {};
  if (event.attributed_from) return "an id that became known later";
  if (told.client_order_id && told.client_order_id === order.client_order_id) return `client order id ${told.client_order_id}`;
  if (told.client_order_id) return `another id of it, ${told.client_order_id}`;
  if (told.venue_order_id) return `venue order id ${told.venue_order_id}`;
  const [alias] = Object.entries(told.aliases ?? {});
  return alias ? `alias ${alias.join(" ")}` : "its own stream";
}

/** Whether the venue's last claims disagree with ours. An ended order that the venue last saw working has moved on since. */
function differs(order, event, reported) {
  if (order.certainty === "unresolved") return true;
  if (!event || !reported) return false;
  if (reported.cum_quantity != null && Number(reported.cum_quantity) > Number(order.cum_quantity)) return true;
  return eventName(event) === "status_observed" && reported.status != null && reported.status !== order.status && order.is_open;
}

const MATCHES = [
  { title: "Our order", width: 110, cell: ({ order }) => html`<${OrderId} row=${order} />` },
  { title: "Venue’s order", width: 100, cell: ({ order }) => html`<span class="id">${visible(order.venue_order_id ?? "not known")}</span>` },
  { title: "Matched by", width: 160, grow: 210, wide: true, cell: ({ by }) => (by ? visible(by) : html`<${Badge} tone="doubt" sign="?">the venue never spoke of it</${Badge}>`) },
  { title: "Ours", width: 150, grow: 190, cell: ({ order }) => html`<${Status} row=${order} /> <span class="number">${number(order.cum_quantity)}</span>` },
  { title: "The venue’s", width: 156, cell: ({ reported }) => (reported ? html`${words(reported.status ?? "")} <span class="number">${number(reported.cum_quantity)}</span>` : html`<span class="unknown">no claim</span>`) },
  { title: "Agree", width: 86, cell: ({ differs: is, event }) => (is ? html`<${Badge} tone="doubt" sign="≠">differ</${Badge}>` : event ? html`<${Badge} tone="good" sign="=">agree</${Badge}>` : "") },
  { title: "Source", width: 120, wide: true, cell: ({ event }) => event && sourceOf(event) },
  { title: "At", width: 156, grow: 140, wide: true, cell: ({ event }) => event && html`<${Time} at=${event.at} />` },
  { title: "Account", width: 100, wide: true, cell: ({ order }) => visible(order.account) },
];

function Breaks({ rows }) {
  if (!rows.length) return html`<p class="empty"><span aria-hidden="true">✓</span> No break is open.</p>`;
  return html`<ul class="breaks">${rows.map((row) => html`<${Break} key=${`${row.account} ${row.id}`} row=${row} />`)}</ul>`;
}

/** A break's id is its kind, and what differs: an id of the order or the fill, or the instrument. */
function Break({ row }) {
  const [kind, subject = ""] = row.id.split(/:(.*)/s);
  const evidence = useData((abort) => reportsAbout(row.account, subject, abort), [row.account, subject], 10_000);
  return html`<li class="break"><details>
    <summary><${Badge} tone="bad" sign="≠">${words(kind)}</${Badge}> <${Id}>${row.id}</${Id}> <span class="about">${visible(row.account)}, open for <${Age} since=${row.since} /></span></summary>
    <p>Known since <${Time} at=${row.since} />; the comparison of <${Time} at=${row.certificate.at} /> could not settle it.
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
