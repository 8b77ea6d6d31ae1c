// Proposals → orders → trades: what was proposed, what was sent for it, what the venue really did.
import { html } from "../ui.js";
import { all, query } from "../api.js";
import { link, route } from "../router.js";
import { useData } from "../use.js";
import { Badge, Choice, Filter, Id, Loaded, Number_, Role, Side, Status, Time, visible } from "../parts.js";
import { number, price, words } from "../format.js";
import { summary } from "../words.js";

const ORDER = "stream,version,account,client_order_id,venue_order_id,instrument,side,quantity,status,pending,certainty,cum_quantity,average_price,links,is_open,reason,requested_at";
const MOST = 300;

export function Proposals() {
  const { proposal, state, account, kind } = route.value.params;
  const found = useData((abort) => load({ account, state, kind, proposal_id: proposal }, abort), [account, state, kind, proposal]);
  return html`<h1>Proposals, their orders and trades</h1>
    <form class="filters" role="search" aria-label="Filter the proposals" onSubmit=${(event) => event.preventDefault()}>
      <${Filter} name="proposal" label="Proposal" value=${proposal} />
      <${Choice} name="state" label="State" value=${state} options=${[["", "any"], ["proposed", "proposed"], ["approved", "approved"], ["declined", "declined"]]} />
      <${Choice} name="kind" label="Type" value=${kind} options=${[["", "both"], ["entry", "entry"], ["exit", "exit"]]} />
      <${Filter} name="account" label="Account" value=${account} />
    </form>
    <${Loaded} found=${found}>${({ proposals, orders, trades }) => (proposals.length
      ? html`<ul class="proposal-list" aria-label="Proposals">${proposals.map((row) => html`<${Proposal} key=${`${row.account} ${row.proposal_id}`} row=${row} orders=${orders} trades=${trades} />`)}</ul>
        ${proposals.length === MOST && html`<p class="empty">These are the newest ${MOST}. A filter shows others.</p>`}`
      : html`<p class="empty">No proposal matches.</p>`)}</${Loaded}>`;
}

async function load(filters, abort) {
  const { proposal_id, kind, ...sent } = filters;
  const { rows } = await all("/api/proposals", sent, { most: 20_000, abort });
  const proposals = rows.filter((row) => (!proposal_id || row.proposal_id === proposal_id) && (!kind || row.kind === kind));
  const newest = proposals.sort((a, b) => String(b.proposed_at).localeCompare(String(a.proposed_at))).slice(0, MOST);
  const named = newest.flatMap((row) => row.orders ?? []);
  if (!named.length) return { proposals: newest, orders: new Map(), trades: new Map() };
  const since = newest.map((row) => row.proposed_at).filter(Boolean).sort()[0];
  const [orders, trades] = await Promise.all([
    all("/api/orders", { account: filters.account, since, columns: ORDER }, { most: 20_000, abort }),
    query("/api/trades", { account: filters.account, since, limit: 5000 }, abort),
  ]);
  return { proposals: newest, orders: grouped(orders.rows, ofProposal), trades: grouped(trades.rows, (row) => row.stream) };
}

const ofProposal = (row) => row.links?.proposal_id && `${row.account} ${row.links.proposal_id}`;

function grouped(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    if (key) groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return groups;
}

const STATES = { proposed: ["wait", "◌"], approved: ["good", "✓"], declined: ["bad", "⊘"] };

function Proposal({ row, orders, trades }) {
  const [tone, sign] = STATES[row.state] ?? ["quiet", "?"];
  const carried = orders.get(`${row.account} ${row.proposal_id}`) ?? [];
  const at = row.limit_price == null ? words(row.order_type) : `at ${number(row.limit_price)}`;
  return html`<li class="card proposal">
    <header>
      <${Role} role=${row.kind} /> <h2><${Id}>${row.proposal_id}</${Id}></h2> <${Badge} tone=${tone} sign=${sign}>${row.state ?? "unknown"}</${Badge}>
      <span class="what"><${Side} side=${row.side} /> <${Number_} of=${row.quantity} /> ${visible(row.instrument)} ${at}</span>
      <span class="about">${visible([row.strategy, row.account].filter(Boolean).join(" · "))}</span>
      <${Time} at=${row.proposed_at} />
      ${row.decided_by && html`<span class="about">decided by ${visible(row.decided_by)}${row.reason ? `: ${visible(words(row.reason))}` : ""}</span>`}
    </header>
    <p class="summary">${visible(lifecycle(row, carried))}</p>
    ${carried.length > 0 && html`<ol class="carried">${carried.map((order) => html`<${Carried} key=${order.stream} order=${order} fills=${trades.get(order.stream) ?? []} />`)}</ol>`}
  </li>`;
}

function Carried({ order, fills }) {
  return html`<li><div class="line"><span aria-hidden="true">└</span> <a class="id" href=${link("order", [order.account, order.client_order_id ?? order.venue_order_id])}>${visible(order.client_order_id ?? order.venue_order_id)}</a>
      <${Status} row=${order} /> <${Side} side=${order.side} /> <span class="number">${number(order.cum_quantity)} of ${number(order.quantity)}</span>
      ${order.average_price && html`<span>at <span class="number">${price(order.average_price)}</span></span>`}
      <span class="about">venue’s id ${visible(order.venue_order_id ?? "not known")}</span></div>
    ${fills.length > 0 && html`<ul class="fills">${fills.map((fill) => html`<li key=${fill.fill_id}><span aria-hidden="true">└</span> fill <${Id}>${fill.fill_id}</${Id}> <span class="number">${number(fill.quantity)} at ${number(fill.price)}</span> <${Time} at=${fill.at} /></li>`)}</ul>`}
  </li>`;
}

/** “Entry filled – trade open”. The server's sentence where it gives one. */
function lifecycle(row, orders) {
  if (row.sentence) return row.sentence;
  const role = row.kind === "exit" ? "Exit" : row.kind === "entry" ? "Entry" : "Proposal";
  if (row.state === "declined") return `${role} declined. No order may follow.`;
  if (!orders.length) return row.state === "approved" ? `${role} approved, no order sent.` : `${role} proposed, not decided.`;
  const doubtful = orders.filter((order) => order.certainty === "unresolved").length;
  if (doubtful) return `${role} sent; the outcome of ${doubtful === 1 ? "an order" : `${doubtful} orders`} is unknown.`;
  if (orders.some((order) => order.status === "filled")) return row.kind === "exit" ? "Exit filled – trade closed." : "Entry filled – trade open.";
  const partly = orders.some((order) => /[1-9]/.test(order.cum_quantity));
  if (orders.some((order) => order.is_open)) return `${role} working${partly ? ", partly filled" : ""}.`;
  return partly ? `${role} partly filled and ended.` : `${role} ended without a fill: ${summary(orders.at(-1))}`;
}
