// What is live on every page: one stream of changed orders, the log position, the state of the connection.
import { address, get, token } from "./api.js";
import { follow } from "./stream.js";
import { batch, effect, signal } from "./ui.js";
import { isPast } from "./router.js";

/** The columns of an order that lists show. `stream` and `version` identify a row and its age. */
export const COLUMNS = [
  "stream", "version", "account", "client_order_id", "working_client_order_id", "venue_order_id", "venue_order_ids", "aliases", "origin",
  "instrument", "side", "order_type", "quantity", "limit_price", "stop_price", "status", "pending", "certainty", "cum_quantity",
  "leaves_quantity", "average_price", "strategy", "links", "anomalies", "reason", "requested_at", "updated_at", "is_open",
];

/** "connecting", "live", "reconnecting", "refused". */
export const connection = signal({ state: "connecting", since: Date.now(), error: null });
/** The newest log position that the page knows of. */
export const position = signal(0);
/** How many events the views are behind the log, and what collectors say of themselves. */
export const status = signal({});
/** What the server says of itself and of the token: roles, version. */
export const me = signal(null);
/** Whether the token has a role. Without tokens everybody has all. */
export const may = (role) => !me.value?.needs_token || me.value.roles?.includes(role);

const readers = new Set();
let stream = null;

/** Call `take(change)` with each batch {rows, gone} of changed orders. Returns the function that ends it. */
export function onOrders(take) {
  readers.add(take);
  return () => readers.delete(take);
}

/** Ask who we are, and follow the stream from the position of the answer. */
export async function start() {
  stop();
  me.value = await get("/api/me");
  if (me.value.needs_token && !token.value) return;
  position.value = me.value.position ?? 0;
  stream = follow(address("/api/stream", { view: "orders" }), {
    after: me.value.position,
    onEvent,
    onState: (state, error = null) => {
      const since = state === connection.value.state ? connection.value.since : Date.now();
      connection.value = { state, since, error };
    },
  });
}

export function stop() {
  stream?.close();
  stream = null;
}

addEventListener("online", () => stream?.retry());
// A tab that comes to the front reconnects at once.
document.addEventListener("visibilitychange", () => !document.hidden && stream?.retry());

function onEvent(name, text) {
  // The log has an older state: nothing that is shown can be trusted.
  if (name === "went_back") return location.reload();
  if (name !== "rows" && name !== "status") return;
  const data = JSON.parse(text);
  batch(() => {
    if (name === "status") status.value = data;
    if (data.position > position.value) position.value = data.position;
    if (name === "rows") for (const take of readers) take(data);
  });
}

/**
 * Call `load` now, and again when the log has grown, or when it gives `false` since nobody answered: at most every `every` milliseconds, for a tenth of the time at most, and never in a hidden tab or while a past
 * moment is shown. Returns the function that ends it.
 */
export function refreshed(load, every = 2000) {
  let timer = null;
  let seen = -1;
  let runs = false;
  let pause = every;

  async function run() {
    timer = null;
    if (document.hidden) return later();
    seen = position.peek();
    runs = true;
    const began = performance.now();
    const isAnswered = await load();
    pause = Math.max(every, Math.min(30_000, 9 * (performance.now() - began))); // A slow answer costs the server much.
    runs = false;
    if (isAnswered === false || position.peek() > seen) later();
  }

  function later() {
    timer ??= runs ? null : setTimeout(run, pause);
  }

  run();
  const end = effect(() => {
    if (position.value > seen && seen >= 0 && !isPast.peek()) later();
  });
  return () => {
    end();
    clearTimeout(timer);
  };
}
