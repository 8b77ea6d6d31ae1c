// The button that reconciles now: account after account, with the progress and the result in words, also for a screen reader.
import { html, useRef, useState } from "../ui.js";
import { get, post } from "../api.js";
import { may } from "../live.js";
import { isPast } from "../router.js";
import { usePolled } from "../use.js";
import { Notice, visible } from "../parts.js";
import { plural } from "../format.js";

/** `account`: the one that the page shows, empty for all. */
export function ReconcileNow({ account }) {
  const [progress, setProgress] = useState(null);
  const state = usePolled((abort) => get("/api/reconcile", {}, abort), [progress], 5000);
  const [results, setResults] = useState([]);
  const isBusy = useRef(false);
  const mayOperate = may("operate");
  const rows = (state.data?.rows ?? []).filter((row) => !account || row.account === account);
  const others = rows.filter((row) => row.is_running && !progress);
  const why = whyNot({ mayOperate, state: state.data, rows, account });
  const run = async () => {
    if (isBusy.current) return;
    isBusy.current = true;
    setResults([]);
    for (const [index, row] of rows.entries()) {
      setProgress(`Reconciling ${visible(row.account)} with ${visible(row.venue)}${rows.length > 1 ? `, ${index + 1} of ${rows.length}` : ""}…`);
      const result = await reconciled(row.account);
      setResults((before) => [...before, result]);
    }
    setProgress(null);
    isBusy.current = false;
  };
  return html`<div class="reconcile">
    <p class="actions"><button type="button" class="primary" disabled=${Boolean(why) || !rows.length} aria-disabled=${progress != null} onClick=${run}>Reconcile now</button>
      <span class="about">${why || whatItDoes(rows)}</span></p>
    <${Notice} error=${state.error} />
    ${others.map((row) => html`<p class="about" key=${row.account}>${visible(row.account)} is being reconciled now${row.by ? ` for ${visible(row.by)}` : ""}.</p>`)}
    <p role="status" aria-live="polite">${progress}${!progress && results.length > 0 && summary(results)}</p>
    ${results.length > 0 && html`<ul class="reports">${results.map((one) => html`<li key=${one.account} class=${one.tone}><span aria-hidden="true">${one.sign}</span> ${one.text}</li>`)}</ul>`}
  </div>`;
}

function whyNot({ mayOperate, state, rows, account }) {
  if (!mayOperate) return "Your token may not reconcile: it needs the role operate.";
  if (isPast.value) return "The ledger is shown as of another time.";
  if (state && !state.is_configured) return "The server was started without --config, and knows no venues.";
  if (state && !rows.length) return `${visible(account)} is no account of the server’s configuration.`;
  return "";
}

const whatItDoes = (rows) => (rows.length === 1 ? `Compares ${visible(rows[0].account)} with ${visible(rows[0].venue)}, and records what the ledger missed.` : rows.length ? `Compares ${rows.length} accounts with their venues, and records what the ledger missed.` : "");

/** The result for one account, in a sentence. */
async function reconciled(account) {
  try {
    const { rows } = await post("/api/reconcile", { account });
    return told(rows[0]);
  } catch (fault) {
    const { problem } = fault;
    const text = problem?.fault && problem.account ? `its venue could not be queried: ${problem.fault}` : fault.message;
    return { account, isFault: true, tone: "loss", sign: "⚠", text: `${visible(account)}: ${visible(text)}` };
  }
}

function told({ account, certificate, appended, breaks }) {
  const open = certificate.open_breaks.length;
  const settled = breaks.filter((one) => one.is_settled).length;
  const agree = `${plural(certificate.orders, "open order")}, ${plural(certificate.fills, "fill")} and ${plural(certificate.positions, "position")} agree`;
  const balances = certificate.balances ? `, ${certificate.balances.filter((one) => one.state === "closes").length} of ${plural(certificate.balances.length, "balance")} close` : "";
  const left = open ? `${plural(open, "break")} open` : "no break open";
  const text = `${visible(account)}: ${agree}${balances}; ${plural(appended, "message")} recorded, ${plural(settled, "break")} settled, ${left}.`;
  return { account, open, appended, tone: open ? "loss" : "gain", sign: open ? "≠" : "✓", text };
}

/** What a screen reader hears at the end. */
function summary(results) {
  const [done, failed] = [results.filter((one) => !one.isFault), results.filter((one) => one.isFault)];
  const open = done.reduce((sum, one) => sum + one.open, 0);
  const parts = [`${plural(done.length, "account")} reconciled`, open ? `${plural(open, "break")} open` : done.length ? "no break open" : "", failed.length && `${plural(failed.length, "account")} could not be: ${failed.map((one) => one.text).join(" ")}`];
  return `${parts.filter(Boolean).join("; ")}${failed.length ? "" : "."}`;
}
