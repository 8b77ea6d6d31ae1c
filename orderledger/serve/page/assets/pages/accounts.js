// Watched accounts: hundreds on one screen, with what is new, changed and gone, and who has fallen silent.
import { html } from "../ui.js";
import { all, get, query } from "../api.js";
import { isPast, link, route } from "../router.js";
import { useData } from "../use.js";
import { ListGrid } from "../grid.js";
import { Badge, Choice, Filter, Loaded, Number_, OrderId, Section, Time, visible } from "../parts.js";
import { duration, plural, words } from "../format.js";

const SILENT = 60;

export function Accounts() {
  const { account, show, look, minutes } = route.value.params;
  const found = useData((abort) => load(minutes, abort), [minutes], 2000);
  return html`<h1>Watched accounts</h1>
    <form class="filters" role="search" aria-label="Filter the accounts" onSubmit=${(event) => event.preventDefault()}>
      <${Filter} name="account" label="Account" value=${account} />
      <${Choice} name="show" label="Show" value=${show} options=${[["", "all"], ["moving", "with changes"], ["trouble", "with trouble"]]} />
      <${Choice} name="minutes" label="Changes of the last" value=${minutes} options=${[["", "default"], ["1", "minute"], ["15", "15 minutes"], ["60", "hour"], ["1440", "day"]]} />
      <${Choice} name="look" label="As" value=${look} options=${[["", "tiles"], ["table", "table"]]} />
    </form>
    <${Loaded} found=${found}>${({ rows, large }) => html`<${Watched} rows=${filtered(rows, account, show)} large=${large} count=${rows.length} look=${look} />`}</${Loaded}>`;
}

const ORDER = "stream,version,account,client_order_id,venue_order_id,instrument,quantity,limit_price,is_open,certainty,updated_at";

/** A past moment is counted from its orders: the server counts the present only. */
async function load(minutes, abort) {
  const newest = await query("/api/orders", { order: "newest", limit: 2000, columns: ORDER }, abort);
  const large = largeChanges(newest.rows);
  if (!isPast.value) return { ...(await present(minutes, abort)), large };
  const { rows } = await all("/api/orders", { columns: ORDER }, { most: 50_000, abort });
  return { rows: [...Map.groupBy(rows, (row) => row.account)].map(([account, orders]) => counted(account, orders)), large };
}

/** `/api/accounts` speaks of now, whatever moment the page shows. */
async function present(minutes, abort) {
  return get("/api/accounts", { minutes, limit: 5000 }, abort);
}

function counted(account, orders) {
  const open = orders.filter((row) => row.is_open);
  const last_update_at = orders.map((row) => row.updated_at).filter(Boolean).sort().at(-1);
  return { account, open_orders: open.length, unresolved_orders: open.filter((row) => row.certainty === "unresolved").length, last_update_at };
}

const USUAL = 5;

/** The newest orders that are several times as large as is usual for their account and instrument. For attention only: a float will do. */
function largeChanges(rows) {
  const size = (row) => Number(row.quantity ?? 0);
  const groups = Map.groupBy(rows, (row) => `${row.account} ${row.instrument}`);
  const large = [...groups.values()].filter((group) => group.length >= USUAL).flatMap((group) => {
    const usual = group.map(size).sort((a, b) => a - b)[Math.floor(group.length / 2)];
    return usual ? group.filter((row) => size(row) >= USUAL * usual).map((row) => ({ ...row, times: Math.round(size(row) / usual) })) : [];
  });
  return large.sort((a, b) => String(b.updated_at).localeCompare(String(a.updated_at))).slice(0, 8);
}

function filtered(rows, account, show) {
  const named = account ? rows.filter((row) => row.account.toLowerCase().includes(account.toLowerCase())) : rows;
  if (show === "moving") return named.filter((row) => moves(row) > 0);
  return show === "trouble" ? named.filter((row) => troubles(row).length) : named;
}

const moves = (row) => (row.new_orders ?? 0) + (row.changed_orders ?? 0) + (row.ended_orders ?? 0);

/** What is wrong with an account, in words. */
function troubles(row) {
  const found = [];
  if (row.fault) found.push(row.fault);
  if (row.is_up === false) found.push("feed is down");
  if (Number(row.last_message_age_seconds) > SILENT) found.push(`silent for ${duration(Number(row.last_message_age_seconds))}`);
  if (row.unresolved_orders) found.push(plural(row.unresolved_orders, "unresolved order"));
  if (row.open_breaks) found.push(plural(row.open_breaks, "open break"));
  return found;
}

function Watched({ rows, large, count, look }) {
  const total = (name) => rows.reduce((sum, row) => sum + (row[name] ?? 0), 0);
  return html`<p class="counts">
      <span class="count quiet"><b>${rows.length === count ? count : `${rows.length} of ${count}`}</b> ${count === 1 ? "account" : "accounts"}</span>
      <span class="count open"><b>${total("open_orders").toLocaleString("en")}</b> ${total("open_orders") === 1 ? "open order" : "open orders"}</span>
      <span class="count good"><b>+${total("new_orders").toLocaleString("en")}</b> new</span>
      <span class="count wait"><b>~${total("changed_orders").toLocaleString("en")}</b> changed</span>
      <span class="count quiet"><b>−${total("ended_orders").toLocaleString("en")}</b> gone</span>
      <span class="count bad"><b>${rows.filter((row) => troubles(row).length).length}</b> with trouble</span></p>
    ${large.length > 0 && html`<${Section} id="large" title="Large orders" about="Of the newest 2,000: several times the usual quantity of their account and instrument"><ul class="large">${large.map((change) => html`<li><${Badge} tone="wait" sign="⇅">large</${Badge}> ${visible(change.account)} <${OrderId} row=${change} /> ${visible(change.instrument)} <${Number_} of=${change.quantity} /> <span class="about">${change.times} times the usual</span> <${Time} at=${change.updated_at} /></li>`)}</ul></${Section}>`}
    ${look === "table" ? html`<${ListGrid} id="account-rows" label="Watched accounts" rows=${rows} columns=${COLUMNS} keyOf=${(row) => row.account} rowClass=${(row) => (troubles(row).length ? "in-doubt" : "")} onOpen=${(row) => row && (location.hash = link("orders", [], { account: row.account }))} empty=${NONE(count)} />` : html`<${Tiles} rows=${rows} count=${count} />`}`;
}

const NONE = (count) => (count ? "No account matches." : "No account is recorded yet.");

function Tiles({ rows, count }) {
  if (!rows.length) return html`<p class="empty">${NONE(count)}</p>`;
  return html`<ul class="tiles" aria-label="Watched accounts">${rows.map((row) => html`<${Tile} key=${row.account} row=${row} />`)}</ul>`;
}

function Tile({ row }) {
  const wrong = troubles(row);
  const said = [`${plural(row.open_orders ?? 0, "open order")}`, `${row.new_orders ?? 0} new, ${row.changed_orders ?? 0} changed, ${row.ended_orders ?? 0} gone`, ...wrong].join("; ");
  const moving = moves(row);
  return html`<li class=${wrong.length ? "trouble" : moving ? "moving" : ""}><a href=${link("orders", [], { account: row.account })} title=${visible(`${row.account}: ${said}`)} aria-label=${visible(`${row.account}: ${said}`)}>
    <span class="sign" aria-hidden="true">${wrong.length ? "⚠" : row.is_up ? "●" : "·"}</span><span class="name">${visible(row.account)}</span>
    <span class="open">${row.open_orders ?? 0}</span>
    <span class="moves">${row.new_orders ? html`<i class="new">+${row.new_orders}</i>` : ""}${row.changed_orders ? html`<i class="changed">~${row.changed_orders}</i>` : ""}${row.ended_orders ? html`<i class="gone">−${row.ended_orders}</i>` : ""}</span></a></li>`;
}

const COLUMNS = [
  { title: "Account", width: 130, grow: 200, cell: (row) => html`<a class="id" tabindex="-1" href=${link("orders", [], { account: row.account })}>${visible(row.account)}</a>` },
  { title: "Feed", width: 80, cell: (row) => (row.is_up == null ? "" : row.is_up ? html`<${Badge} tone="good" sign="●">up</${Badge}>` : html`<${Badge} tone="bad" sign="⚠">down</${Badge}>`) },
  { title: "Open", width: 56, align: "end", cell: (row) => row.open_orders },
  { title: "New", width: 56, align: "end", cell: (row) => row.new_orders },
  { title: "Changed", width: 64, align: "end", cell: (row) => row.changed_orders },
  { title: "Gone", width: 56, align: "end", cell: (row) => row.ended_orders },
  { title: "Unresolved", width: 76, align: "end", wide: true, cell: (row) => row.unresolved_orders || "" },
  { title: "Breaks", width: 60, align: "end", wide: true, cell: (row) => row.open_breaks || "" },
  { title: "Messages", width: 80, align: "end", wide: true, cell: (row) => row.messages?.toLocaleString("en") },
  { title: "Last message", width: 96, align: "end", wide: true, cell: (row) => (row.last_message_age_seconds == null ? "" : `${duration(Number(row.last_message_age_seconds))} ago`) },
  { title: "Last event", width: 156, grow: 150, wide: true, cell: (row) => html`<${Time} at=${row.last_update_at} />` },
  { title: "Trouble", width: 120, grow: 220, wide: true, cell: (row) => visible(words(troubles(row).join("; "))) },
];
