// Health: feeds, how long things take, what is behind, what is halted, and the button that halts.
import { html, useState } from "../ui.js";
import { all, get, post, query } from "../api.js";
import { may, me, position } from "../live.js";
import { isPast } from "../router.js";
import { useData } from "../use.js";
import { ShortTable } from "../grid.js";
import { Badge, Dialog, Loaded, Notice, Section, Time, visible } from "../parts.js";
import { Alerts } from "../alerts.js";
import { Histograms } from "../histograms.js";
import { duration, plural, seconds, words } from "../format.js";
import { Breakers } from "./breakers.js";
import { Doubts } from "./doubts.js";

export function Health() {
  const [asked, setAsked] = useState(0);
  const state = useData((abort) => get("/api/status", {}, abort), [], 2000);
  const halts = useData((abort) => all("/api/halts", {}, { abort }), [asked], 2000);
  const latency = useData((abort) => query("/api/latency", { by: "account" }, abort), [], 5000);
  return html`<h1>Health</h1>
    <${Alerts} />
    <${Loaded} found=${state}>${(status) => html`<${Figures} status=${status} />
      <${Section} id="feeds" title="Feeds" about=${isPast.value ? "What each collector says now, not then" : "What each collector says of its accounts"}><${Feeds} collectors=${status.collectors ?? {}} /></${Section}>`}</${Loaded}>
    <${Section} id="halts" title="Halts" about="While a halt holds, the gateway sends no order in its scope."><${Loaded} found=${halts}>${({ rows }) => html`<${Halts} rows=${rows} onDone=${() => setAsked(asked + 1)} />`}</${Loaded}></${Section}>
    <${Doubts} />
    <${Breakers} />
    <${Section} id="latency" title="Latency" about="How long the steps of orders took: half, 90%, 99% and all of them. The scale is logarithmic."><${Loaded} found=${latency}>${({ rows }) => html`<${Latency} rows=${rows} /><${Histograms} rows=${rows} />`}</${Loaded}></${Section}>`;
}

function Figures({ status }) {
  const behind = status.views_behind ?? 0;
  return html`<div class="totals" role="list" aria-label="The ledger">
    <div class="figure" role="listitem"><span>Log position</span><b class="number">${Math.max(status.position, position.value).toLocaleString("en")}</b></div>
    <div class="figure" role="listitem"><span>Views</span>${behind ? html`<${Badge} tone="wait" sign="↻">${plural(behind, "event")} behind</${Badge}>` : html`<${Badge} tone="good" sign="✓">up to date</${Badge}>`}</div>
    <div class="figure" role="listitem"><span>Collectors</span><b>${Object.keys(status.collectors ?? {}).length}</b></div>
    <div class="figure" role="listitem"><span>Version</span><b>${me.value?.version}</b></div>
  </div>`;
}

const FEEDS = [
  { title: "Account", cell: (row) => visible(row.account) },
  { title: "Venue", wide: true, cell: (row) => visible(row.venue) },
  { title: "Feed", cell: (row) => (row.is_up ? html`<${Badge} tone="good" sign="●">up</${Badge}>` : html`<${Badge} tone="bad" sign="⚠">down</${Badge}>`) },
  { title: "Last message", align: "end", cell: (row) => (row.last_message_age_seconds == null ? "none" : `${duration(row.last_message_age_seconds)} ago`) },
  { title: "Venue lag", align: "end", cell: (row) => duration(row.venue_lag_seconds) },
  { title: "Longest recording", align: "end", wide: true, cell: (row) => duration(row.recording_seconds_max) },
  { title: "Messages", align: "end", wide: true, cell: (row) => row.messages?.toLocaleString("en") },
  { title: "Recorded", align: "end", wide: true, cell: (row) => row.events_appended?.toLocaleString("en") },
  { title: "Duplicates", align: "end", wide: true, cell: (row) => row.duplicates?.toLocaleString("en") },
  { title: "Unreadable", align: "end", wide: true, cell: (row) => row.unreadable || "" },
  { title: "Gaps", align: "end", wide: true, cell: (row) => row.gaps || "" },
  { title: "Breaks", align: "end", cell: (row) => (row.open_breaks ? html`<${Badge} tone="bad" sign="≠">${row.open_breaks}</${Badge}>` : "") },
  { title: "Reconciled", wide: true, cell: (row) => html`<${Time} at=${row.last_reconciled_at} />` },
  { title: "Fault", cell: (row) => row.fault && html`<span class="loss">${visible(row.fault)}</span>` },
];

function Feeds({ collectors }) {
  const named = Object.entries(collectors);
  if (!named.length) return html`<p class="empty">No collector has run. Start one with <code>orderledger collect</code>.</p>`;
  return named.map(([name, status]) => {
    const rows = Object.entries(status.accounts ?? {}).map(([account, row]) => ({ account, ...row }));
    const age = seconds(status.at, new Date().toISOString());
    const silent = status.is_running && age > 30;
    return html`<h3>${visible(name)} ${!status.is_running ? html`<${Badge} tone="quiet" sign="■">stopped</${Badge}>` : silent ? html`<${Badge} tone="bad" sign="⚠">silent for ${duration(age)}</${Badge}>` : html`<${Badge} tone="good" sign="●">runs</${Badge}>`}
        <span class="about">${plural(status.waiting ?? 0, "message")} waiting, ${plural(status.due ?? 0, "question")} to ask, since <${Time} at=${status.began_at} /></span></h3>
      <${ShortTable} label=${`Accounts of collector ${name}`} columns=${FEEDS} rows=${rows} keyOf=${(row) => row.account} empty="It has no account." />`;
  });
}

const SCALE = 9; // 1 µs … 1000 s, in powers of ten.
const share = (microseconds) => `${Math.max(0, Math.min(100, (Math.log10(Math.max(1, microseconds)) / SCALE) * 100)).toFixed(1)}%`;

function Latency({ rows }) {
  const steps = rows.flatMap((row) => row.steps.map((step) => ({ ...step, account: row.account, row })));
  if (!steps.length) return html`<p class="empty">No order has taken a step so far.</p>`;
  return html`<${ShortTable} label="Latency" rows=${steps} keyOf=${(step) => `${step.account} ${step.step} ${step.clock}`} columns=${LATENCY} />`;
}

const LATENCY = [
  { title: "Account", cell: (step) => visible(step.account) },
  { title: "Step", cell: (step) => words(step.step) },
  { title: "Clock", wide: true, cell: (step) => (step.clock === "ours" ? "ours" : "the venue’s") },
  { title: "Orders", align: "end", wide: true, cell: (step) => step.count.toLocaleString("en") },
  { title: "Half", align: "end", cell: (step) => duration(step.latency_us_p50 / 1e6) },
  { title: "90%", align: "end", wide: true, cell: (step) => duration(step.latency_us_p90 / 1e6) },
  { title: "99%", align: "end", cell: (step) => duration(step.latency_us_p99 / 1e6) },
  { title: "Longest", align: "end", wide: true, cell: (step) => duration(step.latency_us_max / 1e6) },
  { title: "1 µs to 1,000 s", cell: (step) => html`<span class="spread" role="img" aria-label=${`half within ${duration(step.latency_us_p50 / 1e6)}, 99% within ${duration(step.latency_us_p99 / 1e6)}`}>
    <i class="all" style=${{ width: share(step.latency_us_max) }}></i><i class="p99" style=${{ width: share(step.latency_us_p99) }}></i><i class="p90" style=${{ width: share(step.latency_us_p90) }}></i><i class="p50" style=${{ width: share(step.latency_us_p50) }}></i></span>` },
];

function Halts({ rows, onDone }) {
  const [scope, setScope] = useState(null);
  const mayOperate = may("operate");
  const active = rows.filter((row) => !row.resumed_at);
  const resume = (row) => html`<button type="button" disabled=${!mayOperate || isPast.value} onClick=${() => setScope({ ...row, resumes: true })}>Resume…</button>`;
  const columns = [
    { title: "Scope", cell: (row) => visible(scopeOf(row)) },
    { title: "State", cell: (row) => (row.resumed_at ? html`<${Badge} tone="quiet" sign="✓">resumed</${Badge}>` : html`<${Badge} tone="bad" sign="■">halted</${Badge}>`) },
    { title: "Halted", cell: (row) => html`<${Time} at=${row.halted_at} />` },
    { title: "Why", cell: (row) => visible([words(row.reason), row.text].filter(Boolean).join(": ")) },
    { title: "By", wide: true, cell: (row) => visible(row.actor) },
    { title: "Cancels orders", wide: true, cell: (row) => (row.cancels_orders ? "yes" : "no") },
    { title: "Resumed", cell: (row) => (row.resumed_at ? html`<${Time} at=${row.resumed_at} />` : resume(row)) },
  ];
  return html`<p class="actions">${active.length ? html`<${Badge} tone="bad" sign="■">${plural(active.length, "halt")} in force</${Badge}>` : html`<${Badge} tone="good" sign="✓">Nothing is halted</${Badge}>`}
      <button type="button" class="danger" disabled=${!mayOperate || isPast.value} onClick=${() => setScope({ account: "*", resumes: false })}>Halt trading…</button>
      ${!mayOperate && html`<span class="about">Your token may not halt: it needs the role operate.</span>`}</p>
    <${ShortTable} label="Halts" columns=${columns} rows=${[...active, ...rows.filter((row) => row.resumed_at).reverse()].slice(0, 100)} keyOf=${(row) => row.position} empty="Trading was never halted." />
    ${scope && html`<${HaltDialog} scope=${scope} onClose=${() => setScope(null)} onDone=${onDone} />`}`;
}

const scopeOf = (row) => [row.account === "*" ? "every account" : row.account, row.instrument, row.strategy && `strategy ${row.strategy}`].filter(Boolean).join(", ");

const UNKNOWN = "urn:orderledger:problem:needs_confirmation";

/** The accounts and instruments that the ledger knows, which the dialog offers. */
async function knownScopes(abort) {
  const asked = [["/api/accounts", "account"], ["/api/positions", "account,instrument"], ["/api/instruments", "account,instrument"]];
  const lists = await Promise.all(asked.map(([path, columns]) => all(path, { columns }, { abort })));
  const rows = lists.flatMap((list) => list.rows);
  return { accounts: [...new Set(rows.map((row) => row.account))].sort(), instruments: rows.filter((row) => row.instrument) };
}

const instrumentsOf = (known, account) => [...new Set(known.instruments.filter((row) => account === "*" || row.account === account).map((row) => row.instrument))].sort();

function HaltDialog({ scope, onClose, onDone }) {
  const [given, setGiven] = useState({ account: scope.account, instrument: scope.instrument ?? "", strategy: scope.strategy ?? "", text: "", cancels_orders: false });
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const known = useData((abort) => knownScopes(abort), [], 60_000).data ?? { accounts: [], instruments: [] };
  const isDoubted = error?.problem?.type === UNKNOWN;
  const set = (name, value) => {
    setGiven({ ...given, [name]: value });
    if (isDoubted) setError(null); // Another name is asked about anew.
  };
  const field = (name, label, hint, offered) => html`<label class="field"><span>${label}</span><input name=${`halt-${name}`} value=${given[name]} placeholder=${hint} readonly=${scope.resumes && name !== "text"} autocomplete="off" list=${offered && `halt-known-${name}`} onInput=${(event) => set(name, event.target.value)} />
    ${offered && html`<datalist id=${`halt-known-${name}`}>${offered.map((one) => html`<option value=${one} />`)}</datalist>`}</label>`;
  const send = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const body = Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== "" && (name !== "cancels_orders" || (value && !scope.resumes))));
      if (isDoubted) body.confirm = true;
      await post(scope.resumes ? "/api/halts/resume" : "/api/halts", scope.resumes ? body : { reason: "operator", ...body });
      onDone();
      onClose();
    } catch (fault) {
      setError(fault);
      setBusy(false);
    }
  };
  const where = visible(scopeOf(given)) || "nothing";
  return html`<${Dialog} title=${scope.resumes ? "Resume trading?" : "Halt trading?"} onClose=${onClose}>
    <form class="halt" onSubmit=${send}>
      <p>${scope.resumes ? html`All halts of exactly this scope end: <b>${where}</b>.` : html`The gateway will send no order in: <b>${where}</b>. Open orders stay unless you ask to cancel them.`}</p>
      ${field("account", "Account", "* for every account", ["*", ...known.accounts])}${field("instrument", "Instrument", "all", instrumentsOf(known, given.account))}${field("strategy", "Strategy", "all")}${field("text", "Why, in a sentence", "")}
      ${!scope.resumes && html`<label class="check"><input type="checkbox" name="halt-cancels" checked=${given.cancels_orders} onChange=${(event) => setGiven({ ...given, cancels_orders: event.target.checked })} /> Also cancel the open orders in this scope</label>`}
      <${Notice} error=${error} />
      <p class="actions"><button type="submit" class=${scope.resumes ? "primary" : "danger"} disabled=${isBusy || !given.account}>${scope.resumes ? "Resume" : "Halt"} ${where}${isDoubted && " all the same"}</button> <button type="button" onClick=${onClose}>Cancel</button></p>
    </form>
  </${Dialog}>`;
}
