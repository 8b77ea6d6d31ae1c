"""The commands of the core's questions: how each is shown, and examples."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from orderledger.cli import columns
from orderledger.cli.deriving import listing, question, show_record
from orderledger.cli.formats import print_listing
from orderledger.cli.output import say
from orderledger.cli.tables import print_rows
from orderledger.infrastructure.views.log_methods import LogMethods
from orderledger.infrastructure.views.metric_methods import MetricMethods
from orderledger.infrastructure.views.queries import Queries
from orderledger.infrastructure.views.reconciliation_methods import ReconciliationMethods
from orderledger.projections.agreement import ReconciledOrderRow
from orderledger.projections.view import kinds_of

OF_ORDER = (
    "Put an ID that begins with a dash after `--`.\n\n"
    "Exit status: 0 done, 1 no such order, or several accounts have one, 2 wrong usage, "
    "3 the store cannot be used."
)

orders = question(
    Queries.orders,
    listing(columns.ORDERS, "orders", Queries.orders),
    "orderledger orders --open --account hyperliquid:main",
    "orderledger orders --since today --format csv > orders.csv",
    "orderledger orders --certainty unresolved --json",
    view="orders",
)
order = question(
    Queries.order,
    show_record,
    "orderledger order C-1 --effective-at 2026-11-20T09:00:00Z",
    exits=OF_ORDER,
    is_listing=False,
)
history = question(
    Queries.history,
    listing(columns.STORY, "events", Queries.history),
    "orderledger history C-1 --account sim:main",
    "orderledger history C-1 --name fill_recorded --source venue_poll",
    exits=OF_ORDER,
)
trades = question(
    Queries.trades,
    listing(columns.TRADES, "trades", Queries.trades),
    "orderledger trades --instrument BTC-USD --since 2026-11-20 --until 2026-11-21",
    "orderledger trades --since -2h",
    view="trades",
)
positions = question(
    Queries.positions,
    listing(columns.PNL, "positions", Queries.positions),
    "orderledger positions --method fifo --account hyperliquid:main",
)
pnl = question(
    Queries.pnl,
    listing(columns.PNL, "rows", Queries.pnl),
    "orderledger pnl --by strategy,day --timezone Europe/Berlin",
    "orderledger pnl --since yesterday --until today",
)
pnl_of_fills = question(
    Queries.pnl_of_fills,
    listing(columns.PNL_OF_FILLS, "fills", Queries.pnl_of_fills),
    "orderledger pnl-of-fills --by-strategy --since today",
)
equity = question(
    Queries.equity,
    listing(columns.EQUITY, "points", Queries.equity),
    "orderledger equity --account hyperliquid:main --method fifo",
    "orderledger equity --all --json",
    "orderledger equity --in USDT --account binance:spot",
    add=[
        click.option("--all", "has_all", is_flag=True, help="Every fill, funding and adjustment.")
    ],
    prepare=lambda asked: asked | ({"points": None} if asked.pop("has_all") else {}),
)
lots = question(
    Queries.lots,
    listing(columns.LOTS, "lots", Queries.lots),
    "orderledger lots --method lifo --instrument BTC-USD",
)
disposals = question(
    Queries.disposals,
    listing(columns.DISPOSALS, "closed lots", Queries.disposals),
    "orderledger disposals --year 2026 --method fifo --format csv > lots-2026.csv",
)
balances = question(
    Queries.balances,
    listing(columns.BALANCES, "balances", Queries.balances),
    "orderledger balances --account hyperliquid:main",
    "orderledger balances --effective-at 2026-11-20 --json",
)
valuation = question(
    Queries.valuation,
    listing(columns.VALUATION, "accounts", Queries.valuation),
    "orderledger valuation --in USD --parity USDT=USD",
)
anomalies = question(
    Queries.anomalies,
    listing(columns.ANOMALIES, "anomalies", Queries.anomalies),
    "orderledger anomalies --open",
    view="anomalies",
)
proposals = question(
    Queries.proposals,
    listing(columns.PROPOSALS, "proposals", Queries.proposals),
    "orderledger proposals --strategy condor",
    "orderledger proposals --state proposed",
)
instruments = question(
    Queries.instruments,
    listing(columns.INSTRUMENTS, "instruments", Queries.instruments),
    "orderledger instruments --account hyperliquid:main",
)
marks = question(
    Queries.marks,
    listing(columns.MARKS, "marks", Queries.marks),
    "orderledger marks --instrument BTC-USD --since 2026-11-20T00:00:00Z",
    view="marks",
)
account_events = question(
    LogMethods.account_events,
    listing(columns.ACCOUNT_EVENTS, "account events", LogMethods.account_events),
    "orderledger account-events --kind gap",
    view="account_events",
)
certificates = question(
    ReconciliationMethods.certificates,
    listing(columns.CERTIFICATES, "certificates", ReconciliationMethods.certificates),
    "orderledger certificates --account hyperliquid:main --json | tail -1",
    view="certificates",
)
halts = question(
    Queries.halts, listing(columns.HALTS, "halts", Queries.halts), "orderledger halts --active"
)
events = question(
    Queries.events,
    listing(columns.EVENTS, "events", Queries.events),
    "orderledger events --account sim:main --json > log.ndjson",
    "orderledger events --actor anna --name proposal_approved",
)
reconciliation = question(
    ReconciliationMethods.by_account,
    listing(columns.RECONCILIATION, "accounts", ReconciliationMethods.by_account),
    "orderledger reconciliation",
    name="reconciliation",
)


def _show_page(page: Any, form: str) -> None:
    fields = partial(kinds_of, ReconciledOrderRow)
    print_listing(page.rows, form, columns.RECONCILED_ORDERS, "orders", fields)
    if page.count is not None:
        say([f"{page.count:,} orders match"])
    if page.after is not None:
        say([f"more orders follow: --after {page.after}"])


reconciled_orders = question(
    ReconciliationMethods.orders,
    _show_page,
    "orderledger reconciled-orders --agreement differs",
    name="reconciled-orders",
)


def _show_exposure(found: Sequence[Any], form: str) -> None:
    listing(columns.EXPOSURE, "positions", Queries.exposure)(found, form)
    orders = [
        {"account": row["account"], "instrument": row["instrument"], **order}
        for row in found
        for order in row["orders"]
    ]
    if orders and form == "table":
        click.echo()
        print_rows(orders, columns.EXPOSED_ORDERS, as_json=False, title="open orders")


exposure = question(
    Queries.exposure,
    _show_exposure,
    "orderledger exposure --account hyperliquid:main",
    "orderledger exposure --json",
)


def _show_latency(found: Sequence[Any], form: str) -> None:
    steps = [{**row, **step} for row in found for step in row["steps"]]
    if steps and form == "table":
        print_rows(steps, columns.LATENCY_STEPS, as_json=False, title="steps")
        click.echo()
    listing(columns.LATENCY_COUNTS, "groups", MetricMethods.latency)(found, form)


latency = question(
    MetricMethods.latency,
    _show_latency,
    "orderledger latency --by account,hour --since today",
)
