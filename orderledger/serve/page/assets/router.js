// The state of the page is in the URL's fragment: `#/order/sim%3Amain/C-1?as_of=…`. A link shows a colleague the same.
import { computed, signal } from "./ui.js";

export const PAGES = [
  { name: "orders", title: "Orders", key: "1" },
  { name: "proposals", title: "Proposals", key: "2" },
  { name: "results", title: "Trades & P&L", key: "3" },
  { name: "reconciliation", title: "Reconciliation", key: "4" },
  { name: "accounts", title: "Accounts", key: "5" },
  { name: "health", title: "Health", key: "6" },
];

const TIMES = ["as_of", "effective_at"];

/** What the fragment says: the page, the parts of its path, its parameters. */
function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [page, ...rest] = path.split("/").map(decoded);
  return { page: page || "orders", path: rest, params: Object.fromEntries(new URLSearchParams(query)) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A hand-written URL with a stray percent sign.
  }
}

export const route = signal(parse(location.hash));
addEventListener("hashchange", () => (route.value = parse(location.hash)));

/** The two moments of time travel, as parameters of every query. Empty while the page shows the present. */
export const moments = computed(() => only(route.value.params, TIMES));
export const isPast = computed(() => Object.keys(moments.value).length > 0);

function only(params, names) {
  return Object.fromEntries(names.filter((name) => params[name]).map((name) => [name, params[name]]));
}

/** The address of a page. It keeps the moments of time travel unless `params` sets them. */
export function link(page, path = [], params = {}) {
  const all = Object.entries({ ...only(route.value.params, TIMES), ...params }).filter(([, value]) => value != null && value !== "");
  const query = new URLSearchParams(all).toString();
  return `#/${[page, ...path].map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

export const orderLink = (row) => (row.client_order_id ?? row.venue_order_id) && link("order", [row.account, row.client_order_id ?? row.venue_order_id]);

export function go(href) {
  location.hash = href;
}

/** Change parameters of the page that is shown. A null removes one. Typing replaces the entry of the browser's history. */
export function setParams(changes, { replace = false } = {}) {
  const { page, path, params } = route.value;
  const times = Object.fromEntries(TIMES.map((name) => [name, null]));
  const href = link(page, path, { ...times, ...params, ...changes });
  if (replace) {
    history.replaceState(null, "", href);
    route.value = parse(href);
  } else if (href !== location.hash) {
    go(href);
  }
}
