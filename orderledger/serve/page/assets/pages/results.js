// Trades, positions, P&L, balances: what was earned, what is held, what it may become while something is unresolved.
import { html } from "../ui.js";
import { query } from "../api.js";
import { link, route, setParams } from "../router.js";
import { useData } from "../use.js";
import { Equity } from "../equity.js";
import { ListGrid, ShortTable } from "../grid.js";
import { Amounts, Badge, Choice, Filter, Id, Loaded, Money, Number_, OrderId, Role, Section, Side, Time, visible } from "../parts.js";
import { isZero, number, price, rounded, sum, words } from "../format.js";

const METHODS = [["", "average"], ["fifo", "FIFO"], ["lifo", "LIFO"]];
const BY = [["", "account and instrument"], ["account", "account"], ["strategy", "strategy"], ["day", "day"], ["instrument", "instrument"], ["account,asset", "account and asset"], ["account,strategy", "account and strategy"], ["strategy,day", "strategy and day"]];
const MOST = 5000;

export function Results() {
  const { method, by, account, instrument, strategy, since, until } = route.value.params;
  const filters = { account, instrument, strategy };
  const inputs = [method, by, account, instrument, strategy];
  const sums = useData((abort) => summed(filters, method, by, abort), inputs, 3000);
  const held = useData((abort) => held_(filters, method, abort), inputs, 3000);
  const cash = useData((abort) => query("/api/balances", { account, limit: MOST }, abort), [account], 3000);
  const fills = useData((abort) => query("/api/trades", { ...filters, since, until, limit: MOST, order: "newest" }, abort), [...inputs, since, until], 2000);
  return html`<h1>Trades, positions, P&L</h1>
    <form class="filters" role="search" aria-label="Filter" onSubmit=${(event) => event.preventDefault()}>
      <${Choice} name="method" label="Method" value=${method} options=${METHODS} />
      <${Choice} name="by" label="P&L by" value=${by} options=${BY} />
      <${Filter} name="account" label="Account" value=${account} />
      <${Filter} name="instrument" label="Instrument" value=${instrument} />
      <${Filter} name="strategy" label="Strategy" value=${strategy} />
    </form>
    <${Loaded} found=${held}>${({ rows }) => html`<${Totals} rows=${rows} />`}</${Loaded}>
    <${Equity} filters=${filters} method=${method} currency=${route.value.params.currency} />
    <${Section} id="pnl" title="P&L" about=${(BY.find(([name]) => name === (by ?? "")) ?? [])[1]}><${Loaded} found=${sums}>${({ rows, by: grouped }) => html`<${ShortTable} label="P&L" columns=${pnlColumns(grouped)} rows=${rows} empty="No fills, no P&L." />`}</${Loaded}></${Section}>
    <${Section} id="balances" title="Balances" about="From the log, beside the balance that the venue last reported."><${Loaded} found=${cash}>${({ rows }) => html`<${ShortTable} label="Balances" columns=${BALANCES} rows=${rows} keyOf=${(row) => `${row.account} ${row.currency}`} empty="No balances." />`}</${Loaded}></${Section}>
    <${Section} id="positions" title="Positions and exposure" about="What each may become with its open orders filled or not."><${Loaded} found=${held}>${({ rows }) => html`<${ShortTable} label="Positions" columns=${POSITIONS} rows=${rows} keyOf=${(row) => `${row.account} ${row.instrument}`} empty="No positions." />`}</${Loaded}></${Section}>
    <${Section} id="trades" title="Trades" about=${since || until ? html`from ${visible(since ?? "the first")} to ${visible(until ?? "the last")} <button type="button" onClick=${() => setParams({ since: null, until: null })}>Show all</button>` : "newest first"}>
      <${Loaded} found=${fills}>${({ rows }) => html`<${ListGrid} id="trade-rows" label="Trades" rows=${rows} columns=${TRADES} keyOf=${(row) => `${row.stream} ${row.fill_id}`} onOpen=${openOrder} rowClass=${(row) => (row.state === "active" ? "" : "is-ended")} />
        ${rows.length === MOST && html`<p class="empty">These are the newest ${MOST.toLocaleString("en")}. A filter shows others.</p>`}`}</${Loaded}>
    </${Section}>`;
}

const openOrder = (row) => row && (location.hash = link("order", [row.account, row.client_order_id ?? row.venue_order_id]));

/** P&L with the groups that its rows have: until the next answer is there, the rows of the answer before are shown. */
async function summed(filters, method, by, abort) {
  const { rows } = await query("/api/pnl", { ...filters, method, by, limit: MOST }, abort);
  return { rows, by };
}

/** P&L and exposure of each position, beside each other. */
async function held_(filters, method, abort) {
  const [pnl, exposure] = await Promise.all([
    query("/api/pnl", { account: filters.account, instrument: filters.instrument, strategy: filters.strategy, method, limit: MOST }, abort),
    query("/api/exposure", { account: filters.account, instrument: filters.instrument, limit: MOST }, abort),
  ]);
  const at = new Map(exposure.rows.map((row) => [`${row.account} ${row.instrument}`, row]));
  const rows = pnl.rows.map((row) => ({ ...row, exposure: at.get(`${row.account} ${row.instrument}`) }));
  return { rows: filters.strategy ? rows.map((row) => ({ ...row, exposure: undefined })) : rows };
}

/** One figure for each settlement currency: amounts of different currencies are never added. */
function Totals({ rows }) {
  const currencies = [...new Set(rows.map((row) => row.currency))].filter(Boolean).sort();
  const unknown = rows.filter((row) => row.net_pnl == null).length;
  const doubtful = rows.filter((row) => row.exposure && isInDoubt(row.exposure));
  return html`<div class="totals" role="list" aria-label="Totals">${currencies.map((currency) => {
    const own = rows.filter((row) => row.currency === currency);
    const of = (name) => sum(own.map((row) => row[name]));
    const titled = (title) => (currencies.length > 1 ? `${title}, ${currency}` : title);
    return html`<${Figure} title=${`Net P&L, ${currency}`}><${Money} of=${of("net_pnl")} /></${Figure}>
      <${Figure} title=${titled("Realized")}><${Money} of=${of("realized_pnl")} /></${Figure}>
      <${Figure} title=${titled("Unrealized")}><${Money} of=${of("unrealized_pnl")} /></${Figure}>
      <${Figure} title=${titled("Fees")}><span class="number">${rounded(sum(own.map((row) => row.fees?.[currency])))}</span></${Figure}>`;
  })}
    <${Figure} title="Fills"><b>${rows.reduce((before, row) => before + row.fills, 0).toLocaleString("en")}</b></${Figure}>
    ${unknown > 0 && html`<${Figure} title="Without net P&L"><${Badge} tone="doubt" sign="?">${unknown}</${Badge}></${Figure}>`}
    ${doubtful.length > 0 && html`<${Figure} title="Uncertain"><${Badge} tone="doubt" sign="?">${doubtful.length} with unresolved orders</${Badge}></${Figure}>`}
  </div>`;
}

const Figure = ({ title, children }) => html`<div class="figure" role="listitem"><span>${title}</span>${children}</div>`;

const isInDoubt = (row) => !isZero(row.unresolved_buy_quantity) || !isZero(row.unresolved_sell_quantity);

/** `least … most` where they differ. */
function Interval({ least, most, known = true, decimals }) {
  const shown = (text) => (text == null ? "?" : decimals == null ? number(text) : rounded(text, decimals));
  if (!known) return "";
  if (least === most) return html`<span class="number">${shown(least)}</span>`;
  return html`<span class="number interval" title="the least and the most that it may be">${shown(least)} … ${shown(most)}</span>`;
}

function pnlColumns(by) {
  const groups = (by || "account,instrument").split(",");
  return [
    ...groups.map((name) => ({ title: titled(name), cell: (row) => (name === "day" ? html`<a href=${link("results", [], { ...route.value.params, since: `${row.day}T00:00:00Z`, until: nextDay(row.day) })}>${row.day}</a>` : visible(row[name] ?? "none")) })),
    { title: "Net P&L", align: "end", cell: (row) => html`<${Money} of=${row.net_pnl} />` },
    { title: "Realized", align: "end", cell: (row) => html`<${Money} of=${row.realized_pnl} />` },
    { title: "Unrealized", align: "end", wide: true, cell: (row) => html`<${Money} of=${row.unrealized_pnl} />` },
    { title: "In", cell: (row) => visible(row.currency ?? "unknown") },
    { title: "Fees", align: "end", wide: true, cell: (row) => html`<${Amounts} of=${row.fees} />` },
    { title: "Funding", align: "end", wide: true, cell: (row) => html`<${Amounts} of=${row.funding} />` },
    { title: "Bought", align: "end", wide: true, cell: (row) => html`<${Number_} of=${row.bought_quantity} />` },
    { title: "Sold", align: "end", wide: true, cell: (row) => html`<${Number_} of=${row.sold_quantity} />` },
    { title: "Fills", align: "end", cell: (row) => row.fills },
    { title: "Anomalies", wide: true, cell: (row) => row.anomalies?.length > 0 && html`<${Badge} tone="doubt" sign="?">${row.anomalies.map(words).join(", ")}</${Badge}>` },
  ];
}

const titled = (name) => name[0].toUpperCase() + name.slice(1);

const nextDay = (day) => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString();

/** A balance that the ledger does not know says why. */
function Total({ of, reason }) {
  return of == null ? html`<${Badge} tone="doubt" sign="?">${visible(words(reason ?? "unknown"))}</${Badge}>` : html`<${Number_} of=${of} />`;
}

function Difference({ of }) {
  if (of == null) return "";
  return isZero(of) ? html`<${Badge} tone="good" sign="✓">none</${Badge}>` : html`<${Badge} tone="bad" sign="⚠">${number(of)}</${Badge}>`;
}

const BALANCES = [
  { title: "Account", cell: (row) => visible(row.account) },
  { title: "Currency", cell: (row) => visible(row.currency) },
  { title: "Total", align: "end", cell: (row) => html`<${Total} of=${row.total} reason=${row.equity_reason} />` },
  { title: "Owed", align: "end", cell: (row) => html`<${Number_} of=${row.owed} />` },
  { title: "Equity", align: "end", cell: (row) => html`<${Total} of=${row.equity} reason=${row.equity_reason} />` },
  { title: "Reported", align: "end", cell: (row) => html`<${Number_} of=${row.reported} />` },
  { title: "Difference", align: "end", cell: (row) => html`<${Difference} of=${row.difference} />` },
  { title: "Reported at", wide: true, cell: (row) => html`<${Time} at=${row.reported_at} />` },
];

const POSITIONS = [
  { title: "Account", cell: (row) => visible(row.account) },
  { title: "Instrument", cell: (row) => visible(row.instrument) },
  { title: "Position", align: "end", cell: (row) => html`<${Number_} of=${row.position_quantity} />` },
  { title: "May become", align: "end", cell: (row) => html`<${Interval} known=${row.exposure} least=${row.exposure?.position_quantity_least} most=${row.exposure?.position_quantity_most} />` },
  { title: "Average", align: "end", wide: true, cell: (row) => html`<span class="number">${price(row.average_open_price)}</span>` },
  { title: "Mark", align: "end", wide: true, cell: (row) => html`<${Number_} of=${row.mark_price} />` },
  { title: "Open buys", align: "end", wide: true, cell: (row) => html`<${Number_} of=${row.exposure?.open_buy_quantity} />` },
  { title: "Open sells", align: "end", wide: true, cell: (row) => html`<${Number_} of=${row.exposure?.open_sell_quantity} />` },
  { title: "Total P&L", align: "end", cell: (row) => html`<${Interval} known=${row.exposure} least=${row.exposure?.total_pnl_least} most=${row.exposure?.total_pnl_most} decimals=${2} />` },
  { title: "Certainty", cell: (row) => row.exposure && isInDoubt(row.exposure) ? html`<${Badge} tone="doubt" sign="?">unresolved orders</${Badge}>` : html`<${Badge} tone="good" sign="✓">confirmed</${Badge}>` },
];

const TRADES = [
  { title: "Happened", width: 156, grow: 150, cell: (row) => html`<${Time} at=${row.at} />` },
  { title: "Order", width: 96, grow: 120, cell: (row) => html`<${OrderId} row=${row} />` },
  { title: "Side", width: 58, cell: (row) => html`<${Side} side=${row.side} />` },
  { title: "Quantity", width: 76, align: "end", cell: (row) => html`<${Number_} of=${row.quantity} />` },
  { title: "Price", width: 84, align: "end", cell: (row) => html`<${Number_} of=${row.price} />` },
  { title: "Instrument", width: 92, cell: (row) => visible(row.instrument) },
  { title: "Fee", width: 110, align: "end", wide: true, cell: (row) => row.fee != null && html`<span class="number">${rounded(row.fee, 4)} ${visible(row.fee_currency)}</span>` },
  { title: "Fill", width: 80, wide: true, cell: (row) => html`<${Id}>${row.fill_id}</${Id}>` },
  { title: "Role", width: 64, wide: true, cell: (row) => html`<${Role} role=${row.links?.role} />` },
  { title: "Strategy", width: 80, wide: true, cell: (row) => visible(row.strategy) },
  { title: "Account", width: 100, wide: true, cell: (row) => visible(row.account) },
  { title: "State", width: 84, wide: true, cell: (row) => (row.state === "active" ? "" : html`<${Badge} tone="bad" sign="⚠">${row.state}</${Badge}>`) },
];
