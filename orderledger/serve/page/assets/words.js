// The events and the state of an order in plain words.
import { number, price, words } from "./format.js";

/** `order_requested.v1` as `order_requested`. */
export const eventName = (event) => event.name.split(".")[0];

/** One event of an order's history as a sentence: the server's. An event that came after its answer has its name. */
export const sentence = (event) => event.sentence ?? words(eventName(event));

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
