// The breakers of gateways, for the Health page: what each watches, how near it is to its limit, and since when it halts trading.
import { html } from "../ui.js";
import { get } from "../api.js";
import { isPast } from "../router.js";
import { usePolled } from "../use.js";
import { ShortTable } from "../grid.js";
import { Badge, Loaded, Section, Time, visible } from "../parts.js";
import { duration, number, plural, words } from "../format.js";

const SILENT_SECONDS = 15;
const MOST = 500;

export function Breakers() {
  const found = usePolled((abort) => get("/api/breakers", { limit: 5000 }, abort), [], 2000);
  const about = isPast.value ? "What gateways say now, not then" : "A breaker halts trading in its scope when its value passes the limit.";
  return html`<${Section} id="breakers" title="Breakers" about=${about}><${Loaded} found=${found}>${({ rows }) => html`<${Found} rows=${rows} />`}</${Loaded}></${Section}>`;
}

function Found({ rows }) {
  if (!rows.length) return html`<p class="empty">No gateway with breakers has traded. They are set in its limits file, as <code>[[breakers]]</code>.</p>`;
  const tripped = rows.filter((row) => row.state === "tripped");
  const shown = [...tripped, ...rows.filter((row) => row.state !== "tripped")];
  const silent = silentOf(rows);
  return html`<p class="actions" role="status">${tripped.length ? html`<${Badge} tone="bad" sign="■">${plural(tripped.length, "breaker")} tripped</${Badge}>` : html`<${Badge} tone="good" sign="✓">No breaker has tripped</${Badge}>`}
      ${silent.map((account) => html`<${Badge} key=${account} tone="bad" sign="⚠">gateway of ${visible(account)} is silent</${Badge}>`)}</p>
    <${ShortTable} label="Breakers" columns=${COLUMNS} rows=${shown.slice(0, MOST)} keyOf=${(row) => JSON.stringify([row.account, row.breaker, row.instrument, row.strategy, row.currency, row.limit])} empty="" />
    ${rows.length > MOST && html`<p class="empty">${rows.length - MOST} more: ask <code>/api/breakers</code>.</p>`}`;
}

const isSilent = (row) => row.is_running && Number(row.status_age_seconds) > SILENT_SECONDS;
const silentOf = (rows) => [...new Set(rows.filter(isSilent).map((row) => row.account))].slice(0, 20);

const UNITS = { feed_age_seconds: "s", rejects_per_minute: "per minute", sending_failures: "in a row", open_break: "breaks" };
const amount = (row, value) => `${number(value)} ${row.currency ?? UNITS[row.breaker] ?? ""}`.trim();
const NAMES = { feed_age_seconds: "feed age", open_break: "open breaks" };
const isOver = (row) => row.value != null && Number(row.value) > 0 && Number(row.value) >= Number(row.limit);

function State({ row }) {
  if (row.state === "tripped") return html`<${Badge} tone="bad" sign="■">tripped</${Badge}>`;
  if (row.state === "halted") return html`<${Badge} tone="wait" sign="‖" title="Its scope is halted for another reason.">halted</${Badge}>`;
  return html`<${Badge} tone="good" sign="✓">armed</${Badge}>`;
}

function Gateway({ row }) {
  if (!row.is_running) return html`<${Badge} tone="quiet" sign="■">stopped</${Badge}>`;
  return isSilent(row) ? html`<${Badge} tone="bad" sign="⚠">silent for ${duration(row.status_age_seconds)}</${Badge}>` : html`<${Badge} tone="good" sign="●">runs</${Badge}>`;
}

const COLUMNS = [
  { title: "Breaker", cell: (row) => NAMES[row.breaker] ?? words(row.breaker) },
  { title: "Scope", cell: (row) => visible([row.account, row.instrument, row.strategy && `strategy ${row.strategy}`].filter(Boolean).join(", ")) },
  { title: "State", cell: (row) => html`<${State} row=${row} />` },
  { title: "Gateway", wide: true, cell: (row) => html`<${Gateway} row=${row} />` },
  { title: "Value", align: "end", cell: (row) => (row.value == null ? html`<span class="unknown">none</span>` : html`<span class=${isOver(row) ? "number loss" : "number"}>${amount(row, row.value)}</span>`) },
  { title: "Limit", align: "end", cell: (row) => html`<span class="number">${row.breaker === "open_break" ? "none" : amount(row, row.limit)}</span>` },
  { title: "Since", cell: (row) => html`<${Time} at=${row.tripped_at} />` },
  { title: "Why", cell: (row) => visible(row.reason) },
  { title: "Cancels orders", wide: true, cell: (row) => (row.cancels_orders ? "yes" : "no") },
];
