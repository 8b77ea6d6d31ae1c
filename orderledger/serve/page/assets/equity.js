// The equity curve and its drawdown, by fill. A point says in exact numbers what happened, and leads to its fill's order.
import { html, useCallback, useMemo, useState } from "./ui.js";
import { all } from "./api.js";
import { orderLink, setParams } from "./router.js";
import { useData } from "./use.js";
import { LineChart } from "./charts.js";
import { Choice, Loaded, Section, Time, visible } from "./parts.js";
import { number, plural } from "./format.js";

/** Points of a curve: the server keeps the extremes of what it leaves out. */
const POINTS = 1000;
const KIND = { fill: "Fill", funding: "Funding", adjust: "Adjustment", mark: "Mark", bust: "Bust of", correction: "Correction" };

export function Equity({ filters, method, currency }) {
  const inputs = [method, ...Object.values(filters)];
  const found = useData((abort) => all("/api/equity", { ...filters, method, points: POINTS }, { most: 20 * POINTS, abort }), inputs, 5000);
  return html`<${Section} id="curve" title="Equity and drawdown" about="Net and unrealized P&L after each fill, payment and mark. A point leads to its fill.">
    <${Loaded} found=${found}>${({ rows }) => html`<${Curves} rows=${rows} currency=${currency} />`}</${Loaded}>
  </${Section}>`;
}

/** One currency at a time: amounts of different currencies are never added. The first is the one with the most moments. */
function Curves({ rows, currency }) {
  const curves = useMemo(() => byCurrency(rows), [rows]);
  const unknown = rows.filter((row) => row.currency == null).reduce((count, row) => count + row.moments, 0);
  const [name, own] = curves.find(([one]) => one === currency) ?? curves[0] ?? [];
  return html`${curves.length > 1 && html`<${Choice} name="currency" label="Currency" value=${name} options=${curves.map(([one]) => [one, visible(one)])} />`}
    ${own ? html`<${Curve} currency=${name} rows=${own} />` : html`<p class="empty">No fill has a P&L in a known currency.</p>`}
    ${unknown > 0 && html`<p class="about">${plural(unknown, "moment")} of instruments without a settlement currency ${unknown === 1 ? "is" : "are"} not in it.</p>`}`;
}

function byCurrency(rows) {
  const known = [...Map.groupBy(rows.filter((row) => row.currency != null), (row) => row.currency)];
  const moments = (own) => own.reduce((count, row) => count + row.moments, 0);
  return known.sort(([, a], [, b]) => moments(b) - moments(a));
}

const float = (text) => (text == null ? null : Number(text));
const below = (row) => (row.drawdown == null ? null : -Number(row.drawdown));

function Curve({ currency, rows }) {
  const [chosen, setChosen] = useState(null);
  const isPart = rows.some((row) => row.equity == null);
  const points = useMemo(() => rows.map((row) => ({
    x: Date.parse(row.at) / 1000,
    ys: [float(row.equity), below(row), ...(isPart ? [float(row.net_pnl)] : [])],
  })), [rows]);
  const series = [
    { label: `Equity, ${currency}`, tone: "--accent" }, { label: "Drawdown", tone: "--bad", fill: true },
    ...(isPart ? [{ label: "Net P&L", tone: "--wait" }] : []),
  ];
  const onAt = useCallback((index) => setChosen(rows[index]), [rows]);
  const onPoint = useCallback((index) => open(rows, index), [rows]);
  const left = rows.reduce((count, row) => count + row.moments, 0) - rows.length;
  return html`<${LineChart} label="Equity and drawdown" points=${points} series=${series} onAt=${onAt} onPoint=${onPoint} />
    <${Point} row=${chosen} rows=${rows} />
    ${isPart && html`<p class="about">Where equity is missing, an open position has no mark, or an amount has no rate.</p>`}
    ${left > 0 && html`<p class="about">${plural(left, "moment")} between these points left out; the highest, the lowest and the deepest are not.</p>`}`;
}

/** A fill leads to its order. What is no fill leads to the trades since the point before. */
function open(rows, index) {
  const row = rows[index];
  if (row.kind === "fill" && orderLink(row)) location.hash = orderLink(row);
  else setParams({ since: rows[index - 1]?.at ?? null, until: later(row.at) });
}

/** The next microsecond: a period ends before its end. */
function later(at) {
  const [, head, fraction = ""] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(at);
  const next = Number(fraction.padEnd(6, "0")) + 1;
  return next < 1_000_000 ? `${head}.${String(next).padStart(6, "0")}Z` : new Date(Date.parse(`${head}Z`) + 1000).toISOString();
}

/** What is known of the chosen point, in exact numbers, as text that a screen reader says. */
function Point({ row, rows }) {
  const shown = row ?? rows.at(-1);
  const order = orderLink(shown);
  return html`<p class="curve-point" role="status"><span class="about">${row ? "" : "Last: "}<${Time} at=${shown.at} exact /></span>
    <span>${KIND[shown.kind]}${shown.fill_id ? html` <span class="id">${visible(shown.fill_id)}</span>` : ""}${order ? html` of <a class="id" href=${order}>${visible(shown.client_order_id ?? shown.venue_order_id)}</a>` : ""}, ${visible(shown.instrument)}, ${visible(shown.account)}</span>
    <span>equity <b class="number">${shown.equity == null ? "not known" : number(shown.equity)}</b></span>
    <span>net P&L <b class="number">${shown.net_pnl == null ? "not known" : number(shown.net_pnl)}</b></span>
    <span>drawdown <b class="number">${shown.drawdown == null ? "not known" : number(shown.drawdown)}</b></span>
    ${shown.moments > 1 && html`<span class="about">${plural(shown.moments - 1, "moment")} before it left out</span>`}</p>`;
}
