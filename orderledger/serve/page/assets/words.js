// The events of an order in plain words, and how a report found its order.
import { number, price, rounded, words } from "./format.js";

const PLAIN = {
  order_submitted: "Handed to the venue", order_denied: "Refused by our own checks, never sent", order_rejected: "The venue refuses it",
  order_canceled: "Canceled", order_expired: "Expired", order_triggered: "Triggered", order_suspended: "Suspended by the venue",
  order_resumed: "Resumed", order_reinstated: "Open again", order_stopped: "Stopped", order_done_for_day: "Done for the day",
  cancel_requested: "We ask to cancel it", cancel_rejected: "The venue refuses to cancel it", replace_rejected: "The venue refuses the change",
  order_absent: "Asked; the venue does not know it", fill_busted: "The venue takes a fill back",
};

/** `order_requested.v1` as `order_requested`. */
export const eventName = (event) => event.name.split(".")[0];

/** One event of an order's history as a sentence: the server's, where it gives one. */
export function sentence(event) {
  if (event.sentence) return event.sentence;
  const told = event.payload ?? {};
  const reason = told.reason ? `: ${words(told.reason)}` : "";
  switch (eventName(event)) {
    case "order_requested": return `We want to ${terms(told)}`;
    case "order_denied": case "order_rejected": case "order_canceled": return PLAIN[eventName(event)] + reason;
    case "submission_unresolved": return `No answer${reason}. The outcome is unknown`;
    case "order_acknowledged": return `The venue accepts it${told.venue_order_id ? ` as ${told.venue_order_id}` : ""}`;
    case "fill_recorded": return `Fill ${told.fill_id}: ${number(told.quantity)} at ${number(told.price)}${fee(told)}`;
    case "fill_corrected": return `Fill ${told.corrects} is corrected to ${number(told.quantity)} at ${number(told.price)}`;
    case "fill_busted": return `The venue takes fill ${told.fill_id} back`;
    case "replace_requested": return `We ask to change it to ${changes(told)}`;
    case "order_replaced": return `The venue changes it to ${changes(told)}`;
    case "order_restated": return `The venue changed it unasked: ${changes(told)}${reason}`;
    case "status_observed": return `Asked; the venue says ${words(told.status ?? told.pending ?? "nothing")}${claims(told.reported)}`;
    case "anomaly_detected": return `Anomaly ${words(told.code)}: ${told.detail}`;
    case "anomaly_cleared": return `Anomaly cleared: ${words(told.code)}`;
    case "order_attributed": return "A report of an unknown order turned out to be about this one";
    default: return (PLAIN[eventName(event)] ?? words(eventName(event))) + reason;
  }
}

function terms(told) {
  const at = told.limit_price != null ? ` at ${price(told.limit_price, 28)}` : told.order_type === "market" ? " at the market" : "";
  const stop = told.stop_price != null ? `, stop ${number(told.stop_price)}` : "";
  return `${told.side ?? "trade"} ${number(told.quantity)} ${told.instrument ?? ""}${at}${stop}`;
}

function fee(told) {
  if (told.fee == null) return "";
  const isRebate = told.fee.startsWith("-");
  return `, ${isRebate ? "rebate" : "fee"} ${rounded(told.fee.replace("-", ""), 4)} ${told.fee_currency ?? ""}`.trimEnd();
}

function claims(reported) {
  if (reported?.cum_quantity == null || reported.quantity == null) return "";
  return `, ${number(reported.cum_quantity)} of ${number(reported.quantity)} filled`;
}

function changes(told) {
  const parts = [["quantity", "quantity"], ["limit_price", "price"], ["stop_price", "stop"]].filter(([name]) => told[name] != null);
  return parts.map(([name, word]) => `${word} ${number(told[name])}`).join(" and ") || "other terms";
}

const OURS = ["strategy", "operator", "ledger"];
/** Whether the event is what the venue said. */
export const isVenues = (event) => !OURS.includes(event.source);

const SOURCES = {
  strategy: "strategy", operator: "operator", venue_push: "pushed by the venue", venue_poll: "polled from the venue",
  reconciliation: "reconciliation", import: "import", ledger: "the ledger",
};
export const sourceOf = (event) => SOURCES[event.source] ?? words(event.source);

/** The kind of an event, for the colour of its mark. */
export function kindOf(event) {
  const name = eventName(event);
  if (name.startsWith("anomaly_detected") || name === "submission_unresolved" || name === "order_absent") return "bad";
  if (event.is_contested) return "doubt";
  if (event.fill_state === "busted" || event.fill_state === "corrected" || name === "fill_busted") return "bad";
  if (name.startsWith("fill_")) return "fill";
  if (/rejected|denied/.test(name)) return "bad";
  if (/canceled|expired|done_for_day|stopped/.test(name)) return "end";
  return isVenues(event) ? "venue" : "ours";
}

/** The terms of an order after each event that set some: rows {event, quantity, limit_price, stop_price}. */
export function termsOver(events) {
  const rows = [];
  let terms = {};
  for (const event of events) {
    if (!["order_requested", "order_replaced", "order_restated"].includes(eventName(event))) continue;
    const given = ["quantity", "limit_price", "stop_price"].filter((name) => event.payload[name] != null);
    if (!given.length) continue;
    terms = { ...terms, ...Object.fromEntries(given.map((name) => [name, event.payload[name]])) };
    rows.push({ event, ...terms });
  }
  return rows;
}

/** What the order is now, in a sentence: the server's if it gives one. */
export function summary(row) {
  if (row.sentence) return row.sentence;
  const role = row.links?.role ? `${row.links.role === "entry" ? "Entry" : "Exit"} ` : "Order ";
  const filled = row.quantity == null ? "" : `, ${number(row.cum_quantity)} of ${number(row.quantity)} filled`;
  if (row.certainty === "unresolved") return `${role}sent, and nobody knows what became of it${filled}. It counts as exposure until the venue confirms its state.`;
  if (row.status === "filled") return `${role}filled${row.average_price ? ` at ${price(row.average_price)} on average` : ""}.`;
  if (!row.is_open) return `${role}${words(row.status)}${row.reason ? ` (${words(row.reason)})` : ""}${filled}.`;
  const pending = row.pending ? `; a ${row.pending} is asked and not answered` : "";
  return `${role}${row.status === "pending_new" ? "on its way to the venue" : "open at the venue"}${filled}${pending}.`;
}
