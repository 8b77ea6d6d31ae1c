// One order: what it is now, its story on both clocks, its terms, fills, who and why, the venue's own words.
import { html, useState } from "../ui.js";
import { query } from "../api.js";
import { COLUMNS } from "../live.js";
import { link, route } from "../router.js";
import { useData } from "../use.js";
import { ShortTable } from "../grid.js";
import { Badge, Id, Loaded, Number_, Role, Section, Side, Status, Time, visible, visibleLines } from "../parts.js";
import { amounts, duration, fullTime, json, microseconds, number, price, words } from "../format.js";
import { eventName, isVenues, kindOf, sentence, sourceOf, summary, termsOver } from "../words.js";
import { TimeLine } from "../time_line.js";
import { DoubtOf } from "./doubts.js";

export function Order() {
  const [account, id] = route.value.path;
  const found = useData((abort) => load(account, id, abort), [account, id], 500);
  return html`<p class="crumbs"><a href=${link("orders")}>Orders</a> <span aria-hidden="true">›</span> <a href=${link("orders", [], { account })}>${visible(account)}</a></p>
    <${Loaded} found=${found}>${(data) => html`<${Story} ...${data} />`}</${Loaded}>`;
}

async function load(account, id, abort) {
  const path = `/api/orders/${encodeURIComponent(account)}/${encodeURIComponent(id)}`;
  const [order, history, anomalies, told] = await Promise.all([
    query(path, {}, abort),
    query(`${path}/history`, { limit: 5000 }, abort),
    query("/api/anomalies", { account, client_order_id: id, limit: 5000 }, abort),
    query(`${path}/explanation`, {}, abort),
  ]);
  const steps = new Map(told.steps.map((step) => [step.position, step]));
  const events = history.rows.map((event) => {
    const { sentence: said, fill_state, is_contested } = steps.get(event.position) ?? {};
    return { ...event, sentence: said, fill_state, is_contested };
  });
  const links = order.links ?? {};
  const siblings = await siblingsOf(order, links, abort);
  return { order: { ...order, sentence: told.summary }, unknown: told.unknown, events, anomalies: anomalies.rows.filter((row) => row.stream === order.stream), siblings };
}

async function siblingsOf(order, links, abort) {
  const name = links.kind ? "group" : ["trade_id", "group", "parent", "proposal_id"].find((each) => links[each]);
  if (!name) return [];
  const given = { account: order.account, strategy: order.strategy, order: "newest", limit: 2000, columns: COLUMNS.join(",") };
  const { rows } = await query("/api/orders", given, abort);
  return rows.filter((row) => row.stream !== order.stream && row.links?.[name] === links[name]);
}

function Story({ order, unknown, events, anomalies, siblings }) {
  const [chosen, setChosen] = useState(null);
  const fills = events.filter((event) => eventName(event).startsWith("fill_"));
  return html`
    <header class="card order-head ${order.is_open ? "is-open" : ""}">
      <h1><${Id}>${order.client_order_id ?? order.venue_order_id ?? "Order without an id"}</${Id}> <${Status} row=${order} /></h1>
      <p class="summary" role="status">${visible(summary(order))}</p>
      ${unknown.map((sentence) => html`<p class="summary unknown">${visible(sentence)}</p>`)}
      ${isInDoubt(order) && html`<${DoubtOf} order=${order} />`}
      <${Facts} order=${order} />
    </header>
    <${Section} id="story" title="Story" about="Each event twice: when it happened by the sender's clock, and when it was recorded here.">
      <${TimeLine} events=${events} chosen=${chosen} onChoose=${setChosen} />
      <${Events} events=${events} chosen=${chosen} onChoose=${setChosen} />
    </${Section}>
    <div class="columns">
      <${Section} id="fills" title="Fills"><${Fills} fills=${fills} /></${Section}>
      <${Section} id="terms" title="Terms over time" about="A change holds when the venue says so."><${Terms} events=${events} /></${Section}>
      <${Section} id="anomalies" title="Anomalies"><${Anomalies} rows=${anomalies} /></${Section}>
      <${Section} id="siblings" title="Belongs to"><${Belongs} order=${order} siblings=${siblings} /></${Section}>
    </div>`;
}

/** Whether its outcome may be unknown: see `orderledger recover`. */
const isInDoubt = (order) => order.is_open && (order.certainty === "unresolved" || (order.status === "pending_new" && order.submitted_at));

/** The pending request: what it asks for, its id, and since when. */
function asked(order) {
  const { kind, request_id: id, ...terms } = order.pending_request;
  const wanted = Object.entries(terms).filter(([, value]) => value != null).map(([name, value]) => `${words(name)} ${value}`);
  const age = duration((Date.now() - new Date(order.pending_since)) / 1000);
  return [[kind, ...wanted].join(", "), id && `(${id})`, `${age} ago`].filter(Boolean).join(" ");
}

function Facts({ order }) {
  const given = (text) => (text == null ? "" : number(text));
  const facts = [
    ["Side", html`<${Side} side=${order.side} />`], ["Instrument", visible(order.instrument)],
    ["Filled", html`<span class="number">${number(order.cum_quantity)} of ${number(order.quantity)}</span>`],
    ["Left", given(order.leaves_quantity)], ["Average", price(order.average_price)],
    ["Legs", order.legs && html`<ol class="legs">${order.legs.map((leg) => html`<li>${leg.side} ${number(leg.ratio)} ${visible(leg.instrument)}: <span class="number">${number(leg.filled_quantity)}</span> filled${leg.average_price && html` at <span class="number">${number(leg.average_price)}</span>`}</li>`)}</ol>`],
    ["Type", words(order.order_type)], ["Limit", given(order.limit_price)], ["Stop", given(order.stop_price)],
    ["In force", [words(order.time_in_force), order.post_only && "post only", order.reduce_only && "reduce only"].filter(Boolean).join(", ")],
    ["Fees", amounts(order.fees, 4)], ["Strategy", visible(order.strategy)], ["Origin", words(order.origin)],
    ["Venue ids", visible(order.venue_order_ids?.join(", "))], ["Works as", order.working_client_order_id !== order.client_order_id && visible(order.working_client_order_id)],
    ["Aliases", Object.entries(order.aliases ?? {}).map(([name, id]) => visible(`${name} ${id}`)).join(", ")],
    ["Tags", Object.entries(order.tags ?? {}).map(([name, tag]) => visible(`${name}: ${tag}`)).join(", ")],
    ["Asked for", order.pending_request && visible(asked(order))],
    ["Requested", html`<${Time} at=${order.requested_at} />`], ["Ended", order.ended_at && html`<${Time} at=${order.ended_at} />`],
  ];
  return html`<dl class="facts">${facts.filter(([, value]) => value).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Events({ events, chosen, onChoose }) {
  return html`<ol class="events">${events.map((event) => html`<${Event} key=${event.position} event=${event} isOpen=${event.position === chosen} onToggle=${() => onChoose(event.position === chosen ? null : event.position)} />`)}</ol>`;
}

function Event({ event, isOpen, onToggle }) {
  const delay = microseconds(event.at, event.recorded_at) / 1e6;
  const who = [event.actor && `by ${event.actor}`, event.text].filter(Boolean).join(": ");
  return html`<li class=${`event ${kindOf(event)}`} id=${`event-${event.position}`}>
    <button type="button" aria-expanded=${isOpen} onClick=${onToggle}>
      <span class="mark" aria-hidden="true"></span>
      <span class="what">${visible(sentence(event))}</span>
      <span class="who">${visible([sourceOf(event), who].filter(Boolean).join(" "))}</span>
      <span class="when"><${Time} at=${event.at} exact=${true} /></span>
      <span class="delay" title=${`Recorded ${fullTime(event.recorded_at)}`}>${Math.abs(delay) < 0.000001 ? "at once" : `${delay < 0 ? "" : "+"}${duration(delay)}`}</span>
    </button>
    ${isOpen && html`<${Evidence} event=${event} />`}
  </li>`;
}

function Evidence({ event }) {
  const facts = [
    ["Event", event.name], ["Log position", String(event.position)], ["Happened", fullTime(event.at)], ["Recorded", fullTime(event.recorded_at)],
    ["Source", sourceOf(event)], ["Actor", event.actor], ["Text", event.text], ["Reason", words(event.payload?.reason)],
    ["Belongs together as", event.correlation_id], ["Because of", event.causation_id],
    ["First reported in", event.attributed_from && event.attributed_from.join(", event ")],
  ];
  return html`<div class="evidence">
    <dl class="facts">${facts.filter(([, value]) => value).map(([name, value]) => html`<div><dt>${name}</dt><dd>${visible(value)}</dd></div>`)}</dl>
    <p><a href=${link("order", route.value.path, { as_of: String(event.position) })}><span aria-hidden="true">◷</span> The ledger as it was known right after this event</a></p>
    <div class="columns"><div><h3>Recorded</h3><pre tabindex="0">${visibleLines(json(event.payload))}</pre></div>
    <div><h3>Evidence${isVenues(event) ? ", as the venue sent it" : ""}</h3>${event.evidence == null ? html`<p class="empty">None was recorded.</p>` : html`<pre tabindex="0">${visibleLines(json(event.evidence))}</pre>`}</div></div>
  </div>`;
}

const FILLS = [
  { title: "Fill", cell: ({ event }) => html`<${Id}>${event.payload.fill_id}</${Id}>` },
  { title: "What", cell: ({ event }) => html`<${What} event=${event} />` },
  { title: "Quantity", align: "end", cell: ({ event }) => html`<${Number_} of=${event.payload.quantity} />` },
  { title: "Price", align: "end", cell: ({ event }) => html`<${Number_} of=${event.payload.price} />` },
  { title: "Fee", align: "end", cell: ({ event }) => event.payload.fee != null && html`<span class="number">${number(event.payload.fee)} ${visible(event.payload.fee_currency)}</span>` },
  { title: "Liquidity", wide: true, cell: ({ event }) => event.payload.liquidity },
  { title: "Happened", cell: ({ event }) => html`<${Time} at=${event.at} />` },
];

/** What the event says of its fill, and what has become of the fill: only one that counts, and that nobody contests, is good. */
function What({ event }) {
  if (eventName(event) === "fill_busted") return html`<${Badge} tone="bad" sign="⚠">busts it</${Badge}>`;
  const { fill_state: state, is_contested: isContested } = event;
  const about = eventName(event) === "fill_corrected" ? `corrects ${visible(event.payload.corrects)}` : "fill";
  if (state === "contested") return html`<${Badge} tone="doubt" sign="≠" title="Another report of this fill id has other numbers. The earlier one counts.">contested, not counted</${Badge}>`;
  if (isContested) return html`<${Badge} tone="doubt" sign="≠" title="Reports of this fill id differ. This one counts.">${about}, contested</${Badge}>`;
  if (state === "active") return html`<${Badge} tone="good" sign="●">${about}</${Badge}>`;
  return html`<${Badge} tone="bad" sign="⚠">${about}, ${words(state ?? "unknown")}</${Badge}>`;
}

const Fills = ({ fills }) => html`<${ShortTable} label="Fills" columns=${FILLS} rows=${fills.map((event) => ({ event }))} keyOf=${({ event }) => event.position} empty="No fill so far." />`;

const TERMS = [
  { title: "From", cell: (row) => html`<${Time} at=${row.event.at} />` },
  { title: "Quantity", align: "end", cell: (row) => html`<${Number_} of=${row.quantity} />` },
  { title: "Limit", align: "end", cell: (row) => html`<${Number_} of=${row.limit_price} />` },
  { title: "Stop", align: "end", cell: (row) => html`<${Number_} of=${row.stop_price} />` },
  { title: "Set by", cell: (row) => words(eventName(row.event)) },
];

const Terms = ({ events }) => html`<${ShortTable} label="Terms over time" columns=${TERMS} rows=${termsOver(events)} keyOf=${(row) => row.event.position} empty="No terms were given." />`;

const ANOMALIES = [
  { title: "Anomaly", cell: (row) => html`<${Badge} tone=${row.cleared_at ? "quiet" : "bad"} sign=${row.cleared_at ? "✓" : "⚠"}>${words(row.code)}</${Badge}>` },
  { title: "What was found", cell: (row) => visible(row.detail) },
  { title: "Found", cell: (row) => html`<${Time} at=${row.detected_at} />` },
  { title: "Cleared", cell: (row) => (row.cleared_at ? html`<${Time} at=${row.cleared_at} />` : "open") },
];

const Anomalies = ({ rows }) => html`<${ShortTable} label="Anomalies" columns=${ANOMALIES} rows=${rows} keyOf=${(row) => row.position} empty="Nothing odd was found." />`;

const SIBLINGS = [
  { title: "Order", cell: (row) => html`<a class="id" href=${link("order", [row.account, row.client_order_id ?? row.venue_order_id])}>${visible(row.client_order_id ?? row.venue_order_id)}</a>` },
  { title: "Role", cell: (row) => html`<${Role} role=${row.links?.role} />` },
  { title: "Status", cell: (row) => html`<${Status} row=${row} />` },
  { title: "Side", cell: (row) => html`<${Side} side=${row.side} />` },
];

function Belongs({ order, siblings }) {
  const links = order.links ?? {};
  const named = [["proposal_id", "Proposal"], ["trade_id", "Trade"], ["group", "Group"], ["parent", "Parent"]].filter(([name]) => links[name]);
  if (!named.length) return html`<p class="empty">To no proposal, trade or group.</p>`;
  return html`<dl class="facts">${named.map(([name, title]) => html`<div><dt>${title}</dt><dd><a href=${name === "proposal_id" ? link("proposals", [], { proposal: links[name] }) : link("orders", [], { [name]: links[name] })}>${visible(links[name])}</a></dd></div>`)}
    ${links.kind && html`<div><dt>Kind of group</dt><dd>${words(links.kind)}</dd></div>`}
    ${links.role && html`<div><dt>Role</dt><dd><${Role} role=${links.role} /></dd></div>`}</dl>
    <${ShortTable} label="Other orders of the same" columns=${SIBLINGS} rows=${siblings} keyOf=${(row) => row.stream} empty="No other order belongs to it." />`;
}
