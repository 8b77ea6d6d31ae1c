// The orders of which nobody knows whether they arrived, or what became of a request: since when, why, and what settles it.
import { html, useState } from "../ui.js";
import { get, post } from "../api.js";
import { may } from "../live.js";
import { isPast, link } from "../router.js";
import { usePolled } from "../use.js";
import { ShortTable } from "../grid.js";
import { Badge, Dialog, Loaded, Notice, Section, visible } from "../parts.js";
import { duration, plural, words } from "../format.js";

const MOST = 500;
const ABOUT = { order: "whether it arrived", cancel: "whether it was canceled", replace: "whether it was changed", absence: "what became of it" };
const nameOf = (row) => row.client_order_id ?? row.venue_order_id;

function useDoubts(account) {
  const [asked, setAsked] = useState(0);
  const found = usePolled((abort) => get("/api/doubts", { ...(account && { account }), limit: 5000 }, abort), [account, asked], 2000);
  return [found, () => setAsked(asked + 1)];
}

/** All doubts, for the Health page. */
export function Doubts() {
  const [found, ask] = useDoubts();
  const about = isPast.value ? "What is unknown now, not then" : "Orders that were sent, and whose outcome is unknown. The gateway queries the venue until it is known.";
  return html`<${Section} id="doubts" title="Doubts" about=${about}><${Loaded} found=${found}>${({ rows }) => html`<${Found} rows=${rows} onDone=${ask} />`}</${Loaded}></${Section}>`;
}

function Found({ rows, onDone }) {
  const [chosen, setChosen] = useState(null);
  const columns = [
    { title: "Order", cell: (row) => html`<a class="id" href=${link("order", [row.account, nameOf(row)])}>${visible(nameOf(row))}</a>` },
    { title: "Account", cell: (row) => visible(row.account) },
    { title: "Unknown", cell: (row) => ABOUT[row.about] ?? words(row.about) },
    { title: "For", align: "end", cell: (row) => duration(row.age_seconds) },
    { title: "Why", cell: (row) => visible(words(row.reason)) },
    { title: "Decide", cell: (row) => row.commands.length > 0 && html`<${Resolve} row=${row} onChoose=${setChosen} />` },
  ];
  return html`<p class="actions" role="status">${rows.length ? html`<${Badge} tone="doubt" sign="?">${plural(rows.length, "doubt")}</${Badge}>` : html`<${Badge} tone="good" sign="✓">No order is in doubt</${Badge}>`}</p>
    <${ShortTable} label="Doubts" columns=${columns} rows=${rows.slice(0, MOST)} keyOf=${(row) => row.stream} empty="" />
    ${rows.length > MOST && html`<p class="empty">${rows.length - MOST} more: ask <code>/api/doubts</code>.</p>`}
    ${chosen && html`<${ResolveDialog} row=${chosen} onClose=${() => setChosen(null)} onDone=${onDone} />`}`;
}

/** The doubt about one order, for its page: nothing where there is none. */
export function DoubtOf({ order }) {
  const [found, ask] = useDoubts(order.account);
  const [isOpen, setOpen] = useState(false);
  const row = !isPast.value && (found.data?.rows ?? []).find((one) => one.stream === order.stream);
  if (!row) return "";
  return html`<div class="doubt"><p><${Badge} tone="doubt" sign="?">in doubt</${Badge}> It is unknown ${ABOUT[row.about]}, for ${duration(row.age_seconds)}: ${visible(words(row.reason))}.</p>
    ${row.commands.length > 0 && html`<p class="actions"><${Resolve} row=${row} onChoose=${() => setOpen(true)} /> <span class="about">Or in a shell: ${row.commands.map((command) => html`<code>${visible(command)}</code> `)}</span></p>`}
    ${isOpen && html`<${ResolveDialog} row=${row} onClose=${() => setOpen(false)} onDone=${ask} />`}</div>`;
}

function Resolve({ row, onChoose }) {
  const mayOperate = may("operate");
  const why = mayOperate ? "" : "Your token may not decide: it needs the role operate.";
  return html`<button type="button" title=${why} disabled=${!mayOperate || isPast.value} onClick=${() => onChoose(row)}>Resolve…</button>`;
}

function ResolveDialog({ row, onClose, onDone }) {
  const [given, setGiven] = useState({ decision: "", worked_as: "", text: "" });
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const set = (name) => (event) => setGiven({ ...given, [name]: event.target.value });
  const arrived = row.about !== "order";
  const isReady = given.decision === "never" || given.decision === "canceled" || (given.decision === "worked" && given.worked_as);
  const send = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const decided = { never: { never_arrived: true }, canceled: { canceled: true }, worked: { worked_as: given.worked_as } }[given.decision];
      await post("/api/resolve", { account: row.account, client_order_id: row.client_order_id, ...decided, ...(given.text && { text: given.text }) });
      onDone();
      onClose();
    } catch (fault) {
      setError(fault);
      setBusy(false);
    }
  };
  const choice = (value, label) => html`<label class="check"><input type="radio" name="resolve-decision" value=${value} checked=${given.decision === value} onChange=${set("decision")} /> ${label}</label>`;
  return html`<${Dialog} title=${arrived ? "Where does the venue have it?" : "Did the order arrive?"} onClose=${onClose}>
    <form class="halt" onSubmit=${send}>
      <p>Look at the venue first. Your decision on <b>${visible(nameOf(row))}</b> of ${visible(row.account)} is recorded with your name.</p>
      ${!arrived && choice("never", "It never arrived: it ends as denied")}
      ${choice("canceled", "It has ended at the venue: it ends as canceled")}
      ${choice("worked", "The venue has it, under this id")}
      <label class="field"><span>Venue id</span><input name="resolve-worked-as" value=${given.worked_as} disabled=${given.decision !== "worked"} autocomplete="off" onInput=${set("worked_as")} /></label>
      <label class="field"><span>Why, in a sentence</span><input name="resolve-text" value=${given.text} autocomplete="off" onInput=${set("text")} /></label>
      <${Notice} error=${error} />
      <p class="actions"><button type="submit" class="danger" disabled=${isBusy || !isReady}>Record it</button> <button type="button" onClick=${onClose}>Cancel</button></p>
    </form>
  </${Dialog}>`;
}
