// Orders: those in doubt, in flight and open first, then all that ended. Live.
import { html, useEffect, useState } from "../ui.js";
import { GROUPS, idsOf, OrdersList } from "../orders_list.js";
import { go, isPast, moments, orderLink, route, setParams } from "../router.js";
import { connection } from "../live.js";
import { Grid } from "../grid.js";
import { Badge, Choice, Filter, Notice, Number_, OrderId, Role, Side, Status, Time, visible, Waiting } from "../parts.js";
import { isNarrow } from "../use.js";
import { number, plural, shortPrice, words } from "../format.js";

const FILTERS = ["search", "open", "status", "certainty", "side", "account", "instrument", "strategy", "origin", "proposal_id", "trade_id", "group", "parent"];
const STATUSES = ["pending_new", "new", "partially_filled", "filled", "canceled", "rejected", "denied", "expired", "suspended", "stopped", "done_for_day"];
const FLASH = 1200;

export const COLUMNS = [
  { name: "id", title: "Order", narrow: 70, width: 110, grow: 150, cell: (row) => html`<${OrderId} row=${row} />` },
  { name: "status", title: "Status", narrow: 110, width: 126, grow: 170, cell: (row) => html`<${Status} row=${row} />` },
  { name: "side", title: "Side", narrow: 46, width: 58, cell: (row) => html`<${Side} side=${row.side} />` },
  { name: "instrument", title: "Instrument", narrow: 68, width: 92, grow: 110, cell: (row) => visible(row.instrument) },
  { name: "filled", title: "Filled", narrow: 92, width: 106, align: "end", cell: (row) => html`<${Progress} row=${row} />` },
  { name: "limit", title: "Limit", width: 86, align: "end", wide: true, cell: (row) => html`<${Number_} of=${row.limit_price} />` },
  { name: "average", title: "Average", width: 86, align: "end", wide: true, cell: (row) => html`<span class="number" title=${number(row.average_price)}>${shortPrice(row.average_price)}</span>` },
  { name: "account", title: "Account", width: 96, grow: 120, wide: true, cell: (row) => visible(row.account) },
  { name: "strategy", title: "Strategy", width: 92, grow: 100, wide: true, cell: (row) => visible(row.strategy) },
  { name: "role", title: "Role", width: 74, wide: true, cell: (row) => html`<${Role} role=${row.links?.role} />` },
  { name: "venue", title: "Venue id", width: 76, grow: 100, wide: true, cell: (row) => html`<span class="id" title=${visible(idsOf(row).join(", "))}>${visible(row.venue_order_id)}</span>` },
  { name: "odd", title: "Anomalies", width: 78, grow: 150, wide: true, cell: (row) => html`<${Odd} codes=${row.anomalies} />` },
  { name: "updated", title: "Updated", width: 156, wide: true, cell: (row) => html`<${Time} at=${row.updated_at} />` },
];

function Progress({ row }) {
  const share = Math.min(1, Number(row.cum_quantity) / Number(row.quantity || 1));
  return html`<span class="progress" style=${{ "--share": `${Math.round(share * 100)}%` }}><${Number_} of=${row.cum_quantity} />${row.quantity != null && html`<i> of </i><${Number_} of=${row.quantity} />`}</span>`;
}

function Odd({ codes }) {
  if (!codes?.length) return "";
  return html`<${Badge} tone="bad" sign="⚠" title=${codes.map(words).join(", ")}>${codes.length === 1 ? words(codes[0]) : codes.length}</${Badge}>`;
}

export function Orders() {
  const params = route.value.params;
  const filters = Object.fromEntries(FILTERS.filter((name) => params[name]).map((name) => [name, params[name]]));
  const key = JSON.stringify([filters, moments.value]);
  const [list, setList] = useState(null);
  const isRefused = connection.value.state === "refused";
  useEffect(() => {
    const made = new OrdersList(filters);
    setList(made);
    return () => made.close();
  }, [key, isRefused]);
  return html`<h1 class="hidden">Orders</h1>
    <${Filters} params=${params} />
    ${list && html`<${List} list=${list} />`}`;
}

function List({ list }) {
  const version = list.changes.value;
  const moment = performance.now();
  const rowClass = (row) => `${list.groups && row.is_open ? "is-open" : "is-ended"} ${row.certainty === "unresolved" ? "in-doubt" : ""} ${moment - row.changedAt < FLASH ? "changed" : ""}`;
  return html`<${Counts} list=${list} />
    <${Notice} error=${list.error.value} />
    ${list.isLoading.value && list.count === 0 ? html`<${Waiting} />` : html`<${Grid} id="orders" label="Orders" columns=${COLUMNS} count=${list.count} version=${version}
      at=${(index) => list.at(index)} keyOf=${(row) => row.stream} indexOf=${(stream) => list.indexOf(stream)} rowClass=${rowClass}
      onOpen=${(row) => row && go(orderLink(row))} onReach=${(index) => list.loadTo(index)} empty=${Object.keys(list.filters).length || isPast.value ? "No order matches." : "No order is recorded yet."} />`}`;
}

const NAMES = { unresolved: "unresolved", in_flight: "in flight", open: "open", ended: "ended" };
const TONES = { unresolved: "doubt", in_flight: "wait", open: "open", ended: "quiet" };

function Counts({ list }) {
  const open = GROUPS.slice(0, 3).reduce((sum, name) => sum + list.groups[name].length, 0);
  const of = (name) => (name === "ended" ? Math.max(list.groups.ended.length, (list.total ?? 0) - open) : list.groups[name].length);
  return html`<p class="counts" aria-label="Orders by state">${GROUPS.map((name) => html`<span class=${`count ${TONES[name]} ${of(name) ? "" : "none"}`}><b>${of(name).toLocaleString("en")}</b> ${NAMES[name]}</span>`)}
    <span class="hidden" role="status">${plural(list.count, "order")}</span></p>`;
}

function Filters({ params }) {
  const [more, setMore] = useState(false);
  const any = FILTERS.some((name) => params[name]);
  const clear = () => setParams(Object.fromEntries(FILTERS.map((name) => [name, null])));
  const links = ["proposal_id", "trade_id", "group", "parent"].filter((name) => params[name]);
  return html`<form class="filters" role="search" aria-label="Filter the orders" onSubmit=${(event) => event.preventDefault()}>
    <${Filter} name="search" label="Any id" value=${params.search} size=${18} type="search" />
    <${Choice} name="open" label="Show" value=${params.open} options=${[["", "all"], ["true", "open"], ["false", "ended"]]} />
    ${isNarrow.value && html`<button type="button" aria-expanded=${more} onClick=${() => setMore(!more)}>${more ? "Fewer" : "More"} filters</button>`}
    ${(more || !isNarrow.value) && html`
    <${Choice} name="status" label="Status" value=${params.status} options=${[["", "any"], ...STATUSES.map((name) => [name, words(name)])]} />
    <${Choice} name="certainty" label="Certainty" value=${params.certainty} options=${[["", "any"], ["unresolved", "unresolved"], ["confirmed", "confirmed"]]} />
    <${Choice} name="side" label="Side" value=${params.side} options=${[["", "both"], ["buy", "buy"], ["sell", "sell"]]} />
    <${Filter} name="instrument" label="Instrument" value=${params.instrument} />
    <${Filter} name="account" label="Account" value=${params.account} />
    <${Filter} name="strategy" label="Strategy" value=${params.strategy} />
    ${links.map((name) => html`<${Filter} name=${name} label=${words(name.replace("_id", ""))} value=${params[name]} />`)}
    <button type="button" onClick=${clear} disabled=${!any}>Clear filters</button>`}
  </form>`;
}
