"""Converts a reading of the views to metrics: every row counts for its account and instrument,
or for `other`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from math import inf
from typing import NamedTuple

from orderledger import Anomaly
from orderledger.extend.values import ONE, exposure, sides
from orderledger.extend.views import Row, instruments, queries, terms_of
from orderledger.serve.alerts.tables import Counts
from orderledger.serve.figures import OTHER, Samples, Slots
from orderledger.serve.readings import OpenOrders, Reading

CODES = tuple(str(code) for code in Anomaly)
AMOUNTS = ("realized_pnl", "unrealized_pnl", "net_pnl")

NO_ORDERS = OpenOrders("", "", "", "", 0, 0, 0, 0, 0, None, 0.0)

Held = tuple[str, str, str]
"""Account, instrument and position side."""


Working = tuple[tuple[str, str], str | None, str, float]
"""Open orders: account and instrument, position side, side, and the quantity that may still
fill.
"""


class Names(NamedTuple):
    """The names that are exported as labels."""

    accounts: Slots
    instruments: Slots
    currencies: Slots
    collectors: Slots
    rules: Slots
    targets: Slots

    def account(self, account: str) -> str:
        return account if self.accounts(account) else OTHER

    def instrument(self, account: str, instrument: str) -> tuple[str, str]:
        """The labels of an instrument. An instrument has a slot only if its account has one."""
        if not self.accounts(account):
            return OTHER, OTHER
        return account, instrument if self.instruments(account, instrument) else OTHER

    def currency(self, row: Row) -> str:
        name = row["currency"] or ""
        return name if self.currencies(name) else OTHER


def add_reading(samples: Samples, reading: Reading, names: Names, now: datetime) -> None:
    """Add the metrics of the views."""
    for code in CODES:
        samples.add("open_anomalies", reading.anomalies[code], code)
    for halt in reading.halts:
        samples.add("active_halts", 1, names.account(halt["account"]))
    for account, count in reading.gaps.items():
        samples.add("open_gaps", count, names.account(account))
    for row in reading.certificates:
        account = names.account(row["account"])
        samples.add("open_gaps", 0, account)
        samples.add("open_breaks", len(row["open_breaks"]), account)
        samples.add("reconciliation_age_seconds", _age(row["at"], now), account)
    for one in reading.orders:
        _add_orders(samples, one, names.account(one.account), now)
    for account in dict.fromkeys(row["account"] for row in (*reading.pnl, *reading.certificates)):
        _add_orders(
            samples, NO_ORDERS, names.account(account), now
        )  # a series must not vanish with the last open order
    _add_held(samples, reading, names)


def add_alerts(samples: Samples, counts: Counts, names: Names) -> None:
    """Add the alerts by rule, and their notices by target."""
    for rule, count in counts.open_by_rule.items():
        samples.add("open_alerts", count, rule if names.rules(rule) else OTHER)
    for metric, found in (
        ("undelivered_alert_notices", counts.undelivered),
        ("failed_alert_notices", counts.given_up),
    ):
        for target, count in found.items():
            samples.add(metric, count, target if names.targets(target) else OTHER)


def _add_orders(samples: Samples, orders: OpenOrders, account: str, now: datetime) -> None:
    samples.add("open_orders", orders.orders, account)
    samples.add("held_orders", orders.held, account)
    samples.add("in_flight_orders", orders.in_flight, account)
    samples.add("pending_orders", orders.pending, account)
    samples.add("unresolved_orders", orders.unresolved, account)
    since = orders.unresolved_since
    samples.add("unresolved_order_age_seconds", 0.0 if since is None else _age(since, now), account)


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _add_held(samples: Samples, reading: Reading, names: Names) -> None:
    """Add positions, the effect of open orders on them, and P&L."""
    held: dict[Held, list[Row]] = {}
    for row in reading.pnl:
        held.setdefault((row["account"], row["instrument"], row["position_side"]), []).append(row)
    definitions = {(row["account"], row["instrument"]): row for row in reading.instruments}
    working = _working(
        reading, {key: instruments.modes_of(row) for key, row in definitions.items()}
    )
    for key in sorted({*held, *working}):
        rows, defined = held.get(key, []), definitions.get(key[:2])
        labels = (*names.instrument(*key[:2]), key[2])
        for row in rows:
            for name in AMOUNTS:
                samples.add(name, _number(row[name]), *labels, names.currency(row))
        if any(row["position_quantity"] is None for row in rows):
            continue  # not known
        position = float(sum(row["position_quantity"] for row in rows))
        buys, sells = working.get(key, (0.0, 0.0))
        least, most = position - sells, position + buys
        if labels[1] != OTHER:
            samples.add("position_quantity", position, *labels)
            samples.add("position_quantity_least", least, *labels)
            samples.add("position_quantity_most", most, *labels)
        unit = _unit(defined)
        if unit is not None and defined is not None:
            currency = names.currency(defined)
            samples.add("position_notional", abs(position) * unit, *labels, currency)
            samples.add(
                "position_notional_most", max(abs(least), abs(most)) * unit, *labels, currency
            )


def _unit(instrument: Row | None) -> float | None:
    """The value of one unit at the mark."""
    if instrument is None or not instrument["mark_price"]:
        return None
    terms = terms_of(instrument)
    return abs(float(terms.amount(terms.value(ONE, instrument["mark_price"]))))


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _working(
    reading: Reading, modes: Mapping[tuple[str, str], sides.Modes]
) -> Mapping[Held, tuple[float, float]]:
    """The quantity that open orders may buy and sell, infinite if a quantity is unknown."""
    found: dict[Held, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for of, side_name, side, leaves in (*_summed(reading.orders), *_replaced(reading.replaced)):
        key = (
            *of,
            sides.part_now({"position_side": side_name, "position_id": None}, modes.get(of, ()))[0],
        )
        buys, sells = found[key]
        found[key] = (
            buys if side == "sell" else buys + leaves,
            sells if side == "buy" else sells + leaves,
        )
    return found


def _summed(orders: Iterable[OpenOrders]) -> Iterator[Working]:
    for one in orders:
        if one.instrument:
            leaves = inf if one.leaves is None else max(0.0, one.leaves)
            yield (one.account, one.instrument), one.position_side, one.side, leaves


def _replaced(rows: Iterable[Row]) -> Iterator[Working]:
    for row in queries.by_leg(rows):
        if row["instrument"] is not None:
            asked = (row["outstanding"] or {}).get("quantity")
            leaves = exposure.leaves_with(
                row["quantity"], row["cum_quantity"], None if asked is None else Decimal(asked)
            )
            of = row["account"], row["instrument"]
            yield (
                of,
                row["position_side"],
                row["side"] or "",
                inf if leaves is None else float(leaves),
            )
