// The orders that a list shows: first those in doubt, in flight and open, then the ended ones. Loaded in pages, kept live.
import { all, query } from "./api.js";
import { COLUMNS, onOrders, position } from "./live.js";
import { isPast } from "./router.js";
import { signal } from "./ui.js";

export const GROUPS = ["unresolved", "in_flight", "open", "ended"];
const FIRST_PAGE = 200;
const PAGE = 2000;
// Beyond this, the oldest rows are let go. A filter or an earlier moment shows them.
const MOST = 200_000;
// Milliseconds until a list that the server could not give is asked for again.
const AGAIN = 1000;
const LOOKED_THROUGH = 20_000;
const EXACT = ["status", "certainty", "side", "account", "instrument", "strategy", "origin"];
const LINKS = ["proposal_id", "trade_id", "group", "parent"];

/** The group of an order, as after a restart: see `orderledger recover`. */
export function groupOf(row) {
  if (!row.is_open) return "ended";
  if (row.certainty === "unresolved") return "unresolved";
  return row.status === "pending_new" ? "in_flight" : "open";
}

export class OrdersList {
  constructor(filters) {
    this.filters = filters;
    /** Raised with each change: what shows the list reads it. */
    this.changes = signal(0);
    this.error = signal(null);
    this.isLoading = signal(true);
    this.rows = new Map();
    this.groups = Object.fromEntries(GROUPS.map((name) => [name, []]));
    this.total = null;
    this.after = null;
    this.abort = new AbortController();
    this.waiting = [];
    this.isReady = false;
    this.end = isPast.peek() ? () => {} : onOrders((change) => this.take(change));
    this.load();
  }

  close() {
    this.end();
    clearTimeout(this.again);
    this.abort.abort();
  }

  get length() {
    return GROUPS.reduce((sum, name) => sum + this.groups[name].length, 0);
  }

  /** How many rows there are, loaded or not. */
  get count() {
    return this.after ? Math.max(this.length, this.total ?? 0) : this.length;
  }

  /** The row at a place of the list, or undefined while it is not loaded. */
  at(index) {
    let left = index;
    for (const name of GROUPS) {
      const keys = this.groups[name];
      if (left < keys.length) return this.rows.get(keys[left]);
      left -= keys.length;
    }
    return undefined;
  }

  indexOf(key) {
    let before = 0;
    for (const name of GROUPS) {
      const found = this.groups[name].indexOf(key);
      if (found >= 0) return before + found;
      before += this.groups[name].length;
    }
    return -1;
  }

  async load() {
    const { sent, linked } = split(this.filters);
    this.sent = { columns: COLUMNS.join(","), order: "newest", ...sent };
    const wanted = this.sent;
    try {
      if (linked) return await this.loadLinked();
      const [open, newest] = await Promise.all([
        this.filters.open === "false" ? { rows: [] } : query("/api/orders", { ...wanted, open: "true", limit: 5000 }, this.abort.signal),
        query("/api/orders", { ...wanted, limit: FIRST_PAGE, count: "true" }, this.abort.signal),
      ]);
      this.isReady = true;
      this.total = newest.count ?? null;
      this.append([...open.rows, ...newest.rows]);
      this.after = newest.after;
      for (const change of this.waiting) this.take(change);
      this.waiting = [];
      position.value = Math.max(position.peek(), newest.position ?? 0);
      this.error.value = null;
    } catch (fault) {
      if (fault.name === "AbortError") return;
      this.error.value = fault;
      if (fault.status === 0 || fault.status >= 500) this.again = setTimeout(() => this.load(), AGAIN);
    }
    this.isLoading.value = false;
    this.changed();
  }

  /** Orders of one proposal, trade, group or parent: the server does not filter by links, so that the newest orders are looked through. */
  async loadLinked() {
    const found = await all("/api/orders", this.sent, { most: LOOKED_THROUGH, abort: this.abort.signal });
    this.isReady = true;
    this.append(found.rows.filter((row) => matches(row, this.filters)));
    for (const change of this.waiting) this.take(change);
    this.isLoading.value = false;
    this.changed();
  }

  /** Load pages until the list has a row at this place. */
  async loadTo(index) {
    if (this.loading || !this.after || index < this.length) return;
    this.loading = true;
    try {
      while (this.after && index >= this.length) {
        const found = await query("/api/orders", { ...this.sent, limit: PAGE, after: this.after }, this.abort.signal);
        this.append(found.rows);
        this.after = found.after;
        this.changed();
      }
    } catch (fault) {
      if (fault.name !== "AbortError") this.error.value = fault;
    }
    this.loading = false;
  }

  changed() {
    this.changes.value += 1;
  }

  /** Older rows, at the end of their groups. */
  append(rows) {
    for (const row of rows) {
      const before = this.rows.get(row.stream);
      if (before) {
        if (row.version > before.version) this.take({ rows: [row] });
        continue;
      }
      this.rows.set(row.stream, row);
      this.groups[groupOf(row)].push(row.stream);
    }
  }

  /** A batch from the stream. A row that moves to another group becomes the first there; others stay where they are. */
  take({ rows = [], gone = [] }) {
    if (!this.isReady) return void this.waiting.push({ rows, gone });
    const left = new Map(GROUPS.map((name) => [name, new Set()]));
    const came = new Map(GROUPS.map((name) => [name, []]));
    for (const row of rows) this.place(row, left, came);
    for (const { stream } of gone) if (stream) this.remove(stream, left);
    for (const name of GROUPS) {
      const [out, into] = [left.get(name), came.get(name)];
      if (out.size) this.groups[name] = this.groups[name].filter((key) => !out.has(key));
      if (into.length) this.groups[name] = [...into.reverse(), ...this.groups[name]];
    }
    this.letGo();
    this.changed();
  }

  place(row, left, came) {
    const before = this.rows.get(row.stream);
    if (before && before.version >= row.version) return;
    if (!matches(row, this.filters)) return void (before && this.remove(row.stream, left));
    const [from, to] = [before && groupOf(before), groupOf(row)];
    row.changedAt = performance.now();
    this.rows.set(row.stream, row);
    if (from === to) return;
    if (from) this.leave(row.stream, from, left, came);
    else if (this.total !== null) this.total += 1;
    came.get(to).push(row.stream);
  }

  /** A key may come and leave in the same batch, or have come in it. */
  leave(key, from, left, came) {
    const arrived = came.get(from).indexOf(key);
    if (arrived >= 0) came.get(from).splice(arrived, 1);
    else left.get(from).add(key);
  }

  remove(key, left) {
    const before = this.rows.get(key);
    if (!before) return;
    left.get(groupOf(before)).add(key);
    this.rows.delete(key);
    if (this.total !== null) this.total -= 1;
  }

  letGo() {
    const ended = this.groups.ended;
    if (ended.length <= MOST) return;
    for (const key of ended.splice(MOST - MOST / 10)) this.rows.delete(key);
    this.after = null;
    this.total = this.length;
  }
}

function split(filters) {
  const linked = LINKS.some((name) => filters[name]);
  return { linked, sent: Object.fromEntries(Object.entries(filters).filter(([name]) => !LINKS.includes(name))) };
}

/** Whether a row of the stream belongs into a list with these filters. The same rules as the server's. */
export function matches(row, filters) {
  const { open, search } = filters;
  if (open && String(row.is_open) !== String(open)) return false;
  if (LINKS.some((name) => filters[name] && row.links?.[name] !== filters[name])) return false;
  if (search && !idsOf(row).some((id) => id.startsWith(search))) return false;
  return EXACT.every((name) => !filters[name] || row[name] === filters[name]);
}

/** Every id that the order has borne, as far as its row knows. */
export function idsOf(row) {
  const ids = [row.client_order_id, row.working_client_order_id, ...(row.venue_order_ids ?? []), ...Object.values(row.aliases ?? {})];
  return [...new Set(ids.filter(Boolean))];
}
