// Small parts that all pages use: badges, ids, numbers, notices, fields. A colour never stands alone: a sign or word is beside it.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./ui.js";
import { amounts, duration, fullTime, isNegative, isZero, number, rounded, time, words } from "./format.js";
import { orderLink, setParams } from "./router.js";
import { now } from "./use.js";

/** The sign and the tone of each status. */
const STATUS = {
  pending_new: ["◌", "wait"], new: ["○", "open"], partially_filled: ["◐", "open"], filled: ["●", "good"], canceled: ["×", "quiet"],
  rejected: ["⊘", "bad"], denied: ["⊘", "bad"], expired: ["⌛", "quiet"], suspended: ["‖", "wait"], stopped: ["■", "wait"], done_for_day: ["☾", "quiet"],
};

export function Badge({ tone = "quiet", sign, children, title }) {
  return html`<span class=${`badge ${tone}`} title=${title}>${sign && html`<span aria-hidden="true">${sign}</span>`}${children}</span>`;
}

export function Status({ row }) {
  const [sign, tone] = STATUS[row.status] ?? ["?", "quiet"];
  return html`${row.certainty === "unresolved" && html`<${Badge} tone="doubt" sign="?">unresolved</${Badge}> `}
    ${!(row.certainty === "unresolved" && row.status === "pending_new") && html`<${Badge} tone=${tone} sign=${sign}>${words(row.status)}</${Badge}>`}
    ${row.pending && html` <${Badge} tone="wait" sign="↻">${row.pending} asked</${Badge}>`}`;
}

export function Side({ side }) {
  if (!side) return "";
  return html`<span class=${side}><span aria-hidden="true">${side === "buy" ? "▲" : "▼"}</span> ${side}</span>`;
}

export function Role({ role }) {
  if (!role) return "";
  return html`<${Badge} tone=${role === "entry" ? "entry" : "exit"} sign=${role === "entry" ? "→" : "←"}>${role}</${Badge}>`;
}

export const Number_ = ({ of }) => html`<span class="number" title=${number(of)}>${number(of)}</span>`;

/** An amount with its sign before it, so that colour is not all that tells gain from loss. */
export function Money({ of, currency, decimals = 2 }) {
  if (of == null) return html`<span class="unknown" title="not known">–</span>`;
  const tone = isZero(of) ? "" : isNegative(of) ? "loss" : "gain";
  const plus = tone === "gain" ? "+" : "";
  return html`<span class=${`number ${tone}`} title=${`${number(of)} ${currency ?? ""}`}>${plus}${rounded(of, decimals)}${currency ? ` ${currency}` : ""}</span>`;
}

export const Amounts = ({ of }) => html`<span class="number">${amounts(of)}</span>`;

/** `exact`: with the day and to the microsecond, as it was stored. */
export function Time({ at, exact = false }) {
  if (!at) return "";
  return html`<time datetime=${at} title=${fullTime(at)}>${exact ? fullTime(at).replace(" UTC", "") : time(at)}</time>`;
}

export const Age = ({ since }) => (since ? html`<span title=${fullTime(since)}>${duration(Math.max(0, Math.round((now.value - Date.parse(since)) / 1000)))}</span>` : "");

/** An order's id as a link to its page. The id is text: control characters are shown, never obeyed. */
export function OrderId({ row, text }) {
  const shown = visible(text ?? row.client_order_id ?? row.venue_order_id ?? "no id");
  const href = orderLink(row);
  return href ? html`<a class="id" href=${href} tabindex="-1" title=${shown}>${shown}</a>` : html`<span class="id">${shown}</span>`;
}

/** Characters that would hide or turn text around, as their code points. */
export const visible = (text) => String(text ?? "").replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** As `visible`, for text whose lines are its own. */
export const visibleLines = (text) => text.split("\n").map(visible).join("\n");

export const Id = ({ children }) => html`<span class="id" title=${visible(children)}>${visible(children)}</span>`;

export function Notice({ error, tone = "bad", children }) {
  if (!error && !children) return "";
  return html`<p class=${`notice ${tone}`} role=${tone === "bad" ? "alert" : "status"}><span aria-hidden="true">${tone === "bad" ? "⚠" : "ℹ"}</span> ${error?.message ?? children}</p>`;
}

export const Waiting = () => html`<p class="empty" role="status">Loading…</p>`;

/** What a page shows while its data is not there, or the data's error beside the old data. */
export function Loaded({ found, children }) {
  return html`<${Notice} error=${found.error} />${found.data ? children(found.data) : found.isLoading ? html`<${Waiting} />` : ""}`;
}

/** A field that filters by a parameter of the URL, a moment after the last key. */
export function Filter({ name, label, value = "", list, size = 12, type = "text" }) {
  const [text, setText] = useState(value);
  const timer = useRef(null);
  useEffect(() => setText(value), [value]);
  const type_ = (event) => {
    const typed = event.target.value;
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setParams({ [name]: typed.trim() || null }, { replace: true }), 250);
  };
  return html`<label class="field"><span>${label}</span>
    <input type=${type} id=${`filter-${name}`} name=${name} value=${text} size=${size} list=${list} autocomplete="off" spellcheck="false" onInput=${type_} /></label>`;
}

export function Choice({ name, label, value = "", options }) {
  return html`<label class="field"><span>${label}</span>
    <select name=${name} value=${value} onChange=${(event) => setParams({ [name]: event.target.value || null })}>
      ${options.map(([given, text]) => html`<option value=${given} selected=${given === value}>${text}</option>`)}
    </select></label>`;
}

/** A dialog over the page. The browser keeps the focus in it, and Escape closes it. */
export function Dialog({ title, onClose, children, className = "" }) {
  const element = useRef(null);
  // Before the next frame: a key that is pressed at once must find it open.
  useLayoutEffect(() => {
    element.current.showModal();
    return () => element.current?.close();
  }, []);
  return html`<dialog ref=${element} class=${className} aria-label=${title} onClose=${onClose} onCancel=${onClose}>
    <h2>${title}</h2>${children}</dialog>`;
}

export function Section({ title, about, children, id, actions }) {
  return html`<section class="card" aria-labelledby=${id}><header><h2 id=${id}>${title}</h2>${about && html`<span class="about">${about}</span>`}${actions}</header>${children}</section>`;
}
